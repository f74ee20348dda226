import { sidecarManagerCapability } from '@capstan/core'
import { memoryPlugin } from '@capstan/runtime-memory'
import { describe, expect, it } from 'vitest'
import { runCapstan } from '../support/run-capstan.js'

const env = { CAPSTAN_RUNTIME: 'memory' }
const capstan = (...argv: readonly string[]) => runCapstan(argv, { env, plugins: [memoryPlugin()] })

describe('capstan buildkit without a running BuildKit', () => {
  it('status and stop report that BuildKit does not run', async () => {
    expect(await capstan('buildkit', 'status')).toEqual({
      exitCode: 0,
      stdout: 'BuildKit does not run on memory.\n',
      stderr: '',
    })
    const { stdout } = await capstan('buildkit', 'status', '--json')
    expect(JSON.parse(stdout)).toEqual({ schemaVersion: 1, runtime: 'memory', running: false })
    expect((await capstan('buildkit', 'stop')).stdout).toBe('BuildKit does not run on memory.\n')
  })

  it.each(['du', 'prune'])('%s fails with a remedy', async (name) => {
    expect(await capstan('buildkit', name)).toEqual({
      exitCode: 125,
      stdout: '',
      stderr: `capstan buildkit ${name}: BuildKit does not run on memory\n  → \`capstan buildkit start\` starts it\n`,
    })
  })

  it('start fails with the reason', async () => {
    const { exitCode, stderr } = await capstan('buildkit', 'start')
    expect(exitCode).toBe(125)
    expect(stderr).toMatch(/^capstan buildkit start: image "moby\/buildkit:v.*" could not be pulled/m)
    expect(stderr).toMatch(/\n {2}→ set CAPSTAN_BUILDKIT_IMAGE to an image that the engine has or can pull\n$/)
  })

  it('rejects an invalid CAPSTAN_BUILDKIT_IMAGE by its name', async () => {
    const given = { env: { ...env, CAPSTAN_BUILDKIT_IMAGE: 'no image' }, plugins: [memoryPlugin()] }
    const { exitCode, stderr } = await runCapstan(['buildkit', 'start'], given)
    expect({ exitCode, stderr }).toEqual({
      exitCode: 125,
      stderr: expect.stringContaining('CAPSTAN_BUILDKIT_IMAGE must be a reference'),
    })
  })

  it('names the missing capabilities of a runtime', async () => {
    const plugins = [memoryPlugin({ without: [sidecarManagerCapability] })]
    const { exitCode, stderr } = await runCapstan(['buildkit', 'status'], { env, plugins })
    expect(exitCode).toBe(125)
    expect(stderr).toMatch(/sidecars/)
  })
})

describe('the command line of capstan buildkit', () => {
  it('shows its subcommands when none is given', async () => {
    const { exitCode, stderr } = await capstan('buildkit')
    expect(exitCode).toBe(125)
    for (const name of ['start', 'status', 'du', 'prune', 'stop']) expect(stderr).toContain(`  ${name} `)
  })

  it('accepts global options before and after each name', async () => {
    const plugins = [memoryPlugin({ name: 'one' }), memoryPlugin({ name: 'two' })]
    for (const argv of [
      ['--runtime', 'two', 'buildkit', 'status'],
      ['buildkit', 'status', '--runtime', 'two'],
    ]) {
      expect((await runCapstan(argv, { plugins })).stdout).toBe('BuildKit does not run on two.\n')
    }
  })

  it('names the subcommand when its options cannot be parsed', async () => {
    expect((await capstan('buildkit', 'status', '--none')).stderr).toMatch(/^capstan buildkit status: .*--none/)
    expect((await capstan('buildkit', 'prune', '--keep', 'x')).stderr).toMatch(
      /^capstan buildkit prune: --keep must be/,
    )
  })
})

describe('capstan run --buildkit', () => {
  it('rejects -d, since BuildKit is shared only until the command exits', async () => {
    const { exitCode, stderr } = await capstan('run', '-d', '--buildkit', 'busybox')
    expect(exitCode).toBe(125)
    expect(stderr).toBe(
      'capstan run: --buildkit cannot be used with -d: BuildKit is shared only until the command exits\n',
    )
  })

  it('creates no container when BuildKit cannot start', async () => {
    const plugins = [memoryPlugin()]
    const { exitCode, stderr } = await runCapstan(['run', '--buildkit', '--name', 'x', 'busybox'], { env, plugins })
    expect(exitCode).toBe(125)
    expect(stderr).toMatch(/could not be pulled[^→]*→ set CAPSTAN_BUILDKIT_IMAGE/)
    expect((await runCapstan(['inspect', 'x'], { env, plugins })).exitCode).toBe(125)
  })
})
