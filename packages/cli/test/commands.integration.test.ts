import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createRuntimeHost } from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeWithEngine } from '../../../test/support/test-engine.js'
import { toTargetArchitectures } from '../src/quickstart/quickstart-files.js'
import { bin, spawnCapstan } from './support/spawn-capstan.js'

describeWithEngine('the commands of capstan on a real engine', ({ socketPath, image }) => {
  const env = { DOCKER_HOST: `unix://${socketPath}` }
  const name = `capstan-commands-${process.pid}`
  const capstan = (...argv: string[]) => spawnCapstan(argv, { env })

  beforeAll(async () => {
    const script = 'echo one; echo two >&2; exec sleep 1000'
    await capstan('run', '-d', '--name', name, '--label', 'tier=front', image, 'sh', '-c', script)
  })
  afterAll(() => capstan('rm', '--force', name))

  it('doctor finds the engine and exits with 0', async () => {
    const { exitCode, stdout } = await capstan('doctor', '--json')
    expect(exitCode).toBe(0)
    const docker = { runtime: 'docker', available: true, endpoint: `unix://${socketPath}` }
    const report = JSON.parse(stdout)
    expect(report).toMatchObject({ schemaVersion: 1, selected: 'docker' })
    expect(report.runtimes).toContainEqual(expect.objectContaining(docker))
    const { stdout: page } = await capstan('doctor')
    expect(Math.max(...page.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  })

  it('ps and inspect show the container', async () => {
    const { containers } = JSON.parse((await capstan('ps', '--label', 'tier=front', '--json')).stdout)
    expect(containers).toContainEqual(expect.objectContaining({ name, state: 'running' }))
    const { stdout } = await capstan('inspect', name)
    expect(stdout).toMatch(/^state: +running$/m)
  })

  it('logs separates the streams, and follows until the container exits', async () => {
    expect(await capstan('logs', name)).toMatchObject({ exitCode: 0, stdout: 'one', stderr: 'two' })
    const following = capstan('logs', '--follow', name)
    await once(following.stdout, 'data')
    await capstan('stop', '--time', '0', name)
    expect((await following).exitCode).toBe(0)
    await capstan('rm', name)
    await capstan('run', '-d', '--name', name, image, 'sleep', '1000')
  })

  it('exec passes stdin, output and exit code through', async () => {
    expect((await capstan('exec', name, 'sh', '-c', 'exit 7')).exitCode).toBe(7)
    const counted = await spawnCapstan(['exec', '-i', name, 'wc', '-c'], { env, input: 'abc' })
    expect(counted.stdout.trim()).toBe('3')
    expect((await capstan('exec', name, 'no-such-command')).exitCode).toBe(127)
  })

  it('cp copies a tree into the container and out of it, and archives through pipes', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'capstan-cp-'))
    try {
      await mkdir(join(directory, 'tree/sub'), { recursive: true })
      await writeFile(join(directory, 'tree/sub/file'), 'copied')
      await symlink('sub/file', join(directory, 'tree/link'))
      expect((await capstan('cp', join(directory, 'tree'), `${name}:/etc`)).exitCode).toBe(0)
      expect((await capstan('exec', name, 'cat', '/etc/tree/link')).stdout).toBe('copied')
      const script = '"$0" "$1" cp "$2" - | "$0" "$1" cp - "$3"'
      const operands = [process.execPath, bin, `${name}:/etc/tree/sub`, `${name}:/var`]
      await promisify(execFile)('sh', ['-c', script, ...operands], { env: { ...process.env, ...env } })
      expect((await capstan('cp', `${name}:/var/sub/file`, join(directory, 'out'))).exitCode).toBe(0)
      expect(await readFile(join(directory, 'out'), 'utf8')).toBe('copied')
      expect((await capstan('cp', `${name}:/none`, directory)).exitCode).toBe(125)
    } finally {
      await rm(directory, { recursive: true })
    }
  })

  it('builds examples/quickstart as its README describes', async () => {
    const folder = fileURLToPath(new URL('../../../examples/quickstart', import.meta.url))
    const tag = `${name}:test`
    const architecture = `TARGETARCH=${toTargetArchitectures(process.arch)[0]}`
    const built = await capstan('build', '-t', tag, '--build-arg', architecture, folder)
    expect(built).toMatchObject({ exitCode: 0, stdout: tag })
    expect((await capstan('run', '--rm', tag)).stdout).toMatch(/^Hello from a container: Linux .* process 1$/)
    await using host = createRuntimeHost({ plugins: [dockerPlugin({ endpoint: env.DOCKER_HOST })] })
    await (await host.open()).runtime.removeImage(tag)
  })

  it('quickstart runs all steps and removes its resources', async () => {
    const { exitCode, stdout } = await capstan('quickstart')
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/✔ built capstan-quickstart:\w+ on docker, \d/)
    expect(stdout).toMatch(/^ {3}Hello from a container: Linux .* process 1$/m)
    expect(stdout).toMatch(/✔ exit code 0, \d/)
    expect(stdout).toMatch(/✔ removed; left: 0 containers, 0 networks, 0 images, \d/)
  })
})
