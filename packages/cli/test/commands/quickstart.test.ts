import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { RuntimePlugin } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { memoryPlugin } from '@capstan/runtime-memory'
import { describe, expect, it } from 'vitest'
import { helloProgram } from '../../src/host/built-in-plugins.js'
import { findQuickstartFiles, toTargetArchitectures } from '../../src/quickstart/quickstart-files.js'
import { FakeIo } from '../support/fake-io.js'
import { fakePlugin, slow, unavailable } from '../support/fake-plugin.js'
import { runCapstan } from '../support/run-capstan.js'

const commands = { hello: helloProgram }
const docker = fakePlugin('docker', unavailable())

async function isEmpty(plugin: RuntimePlugin): Promise<boolean> {
  const env = { CAPSTAN_RUNTIME: 'memory' }
  const { stdout } = await runCapstan(['ps', '-aq'], { plugins: [plugin], env })
  return stdout === ''
}

describe('capstan quickstart', () => {
  it('runs all steps on the simulation when no engine is available, and marks them as simulated', async () => {
    const memory = memoryPlugin({ commands })
    const { exitCode, stdout, stderr } = await runCapstan(['quickstart'], { plugins: [docker, memory] })
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    const lines = stdout.split('\n')
    expect(stdout).toContain('unix:///var/run/docker.sock')
    for (const pattern of [
      /^1\. Build .*\(simulated\)$/,
      /^ {3}✔ built capstan-quickstart:\w+ on memory \(simulated\), \d/,
      /^2\. Run it \(simulated\)$/,
      /^ {3}Hello from a simulated container/,
      /^ {3}✔ exit code 0 \(simulated\), \d/,
      /^ {3}BuildKit +memory \(simulated\) +yes/,
      /^ {3}BuildKit +no-networks \(simulated\) +no +needs networks and sidecars:/,
      /^ {3}A runtime without BuildKit builds can run BuildKit in a sidecar\.$/,
      /^ {3}found by their owner label: 1 container, 1 network, 1 image$/,
      /^ {3}✔ removed; left: 0 containers, 0 networks, 0 images \(simulated\), \d/,
    ]) {
      expect(lines).toContainEqual(expect.stringMatching(pattern))
    }
    const pageLines = lines.filter((line) => !line.includes('Hello from'))
    expect(Math.max(...pageLines.map((line) => line.length))).toBeLessThanOrEqual(80)
    expect(await isEmpty(memory)).toBe(true)
  })

  it('omits failed endpoints and missing capabilities when a runtime is available, and ends with the next commands', async () => {
    const real = { ...memoryPlugin({ name: 'real', commands }), selection: 'automatic' as const }
    const { exitCode, stdout } = await runCapstan(['quickstart'], { plugins: [docker, real] })
    expect(exitCode).toBe(0)
    expect(stdout).toContain('Capabilities')
    for (const absent of ['Endpoints', 'Unsupported', 'Missing']) expect(stdout).not.toContain(absent)
    expect(stdout).toMatch(
      /\nNext\n {2}capstan doctor .*\n {2}capstan run --rm busybox echo hi .*\n {2}capstan --help .*\n$/,
    )
  })

  it('shows commands that work with npm, and on a simulation', async () => {
    const plugins = [docker, memoryPlugin({ commands })]
    const { stdout } = await runCapstan(['quickstart'], { plugins, env: { npm_lifecycle_event: 'start' } })
    const typed = 'npx capstan run --runtime memory --rm busybox echo hi'
    expect(stdout).toContain(`  ${typed}  `)
    const argv = typed.split(' ').slice(2)
    expect(await runCapstan(argv, { plugins })).toMatchObject({ exitCode: 0, stdout: 'hi\n' })
  })

  it('fails instead of simulating when a runtime or an endpoint was selected', async () => {
    const asked = fakePlugin('docker', unavailable({ chosen: true }))
    const memory = memoryPlugin({ commands })
    const byEndpoint = await runCapstan(['quickstart'], { plugins: [asked, memory] })
    expect(byEndpoint.exitCode).toBe(125)
    expect(byEndpoint.stderr).toContain('runtime "docker" was requested and is not available')
    const env = { CAPSTAN_RUNTIME: 'docker' }
    expect((await runCapstan(['quickstart'], { plugins: [docker, memory], env })).exitCode).toBe(125)
  })

  it('fails instead of simulating when an engine does not answer in time', async () => {
    const { exitCode, stdout, stderr } = await runCapstan(['quickstart'], {
      plugins: [fakePlugin('docker', slow), memoryPlugin({ commands })],
    })
    expect(exitCode).toBe(125)
    expect(stderr).toMatch(/^capstan quickstart: runtime "docker" did not answer in time/)
    expect(stdout).not.toContain('No container engine is available')
  })

  it.each(['createNetwork', 'createContainer', 'startAttached', 'listImages'])(
    'fails and removes its resources when %s fails',
    async (operation) => {
      const faults = [{ operation, times: 1, error: new Error('the injected error') }]
      const memory = memoryPlugin({ commands, faults })
      const { exitCode, stderr } = await runCapstan(['quickstart'], { plugins: [docker, memory] })
      expect(exitCode).toBe(125)
      expect(stderr).toContain('the injected error')
      expect(await isEmpty(memory)).toBe(true)
    },
  )

  it('builds for the other architecture when the engine cannot execute the first', async () => {
    const facts = { step: 'RUN', command: '/hello', exitCode: 1, lastLines: ['exec /hello: exec format error'] }
    const faults = [{ operation: 'buildImage', times: 1, error: createHostError('BUILD_FAILED', facts) }]
    const plugins = [docker, memoryPlugin({ commands, faults })]
    expect((await runCapstan(['quickstart'], { plugins })).exitCode).toBe(0)
  })

  it('removes its resources on Ctrl-C', async () => {
    const memory = memoryPlugin({ commands, faults: [{ operation: 'startAttached', hang: true }] })
    const io = new FakeIo()
    const running = runCapstan(['quickstart'], { plugins: [docker, memory], io })
    await io.stdout.waitFor(/2\. Run it/)
    io.signals.emit('SIGINT')
    expect((await running).exitCode).toBe(130)
    expect(await isEmpty(memory)).toBe(true)
  })

  it('has an executable program for each architecture, below a kilobyte', async () => {
    const folder = await findQuickstartFiles()
    expect(toTargetArchitectures('x64')).toEqual(['amd64', 'arm64'])
    expect(toTargetArchitectures('arm64')).toEqual(['arm64', 'amd64'])
    for (const architecture of toTargetArchitectures('riscv64')) {
      const { mode, size } = await stat(join(folder, `hello-${architecture}`))
      expect({ mode: mode & 0o777, isSmall: size < 1024 }).toEqual({ mode: 0o755, isSmall: true })
    }
  })
})
