import { memoryPlugin } from '@capstan/runtime-memory'
import { beforeEach, describe, expect, it } from 'vitest'
import { commandGroups } from '../../src/commands/command-list.js'
import { available, fakePlugin, unavailable } from '../support/fake-plugin.js'
import { runCapstan } from '../support/run-capstan.js'

const env = { CAPSTAN_RUNTIME: 'memory' }
let plugins = [memoryPlugin()]
beforeEach(() => {
  plugins = [memoryPlugin()]
})

/** Returns the words that complete the last of the words, with their descriptions. */
async function complete(...words: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const { exitCode, stdout, stderr } = await runCapstan(['__complete', '--', ...words], { env, plugins })
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  const lines = stdout.split('\n').filter((line) => line !== '')
  return Object.fromEntries(lines.map((line) => [line.split('\t', 1)[0], line.split('\t')[1] ?? '']))
}

const list = async (...words: readonly string[]) => Object.keys(await complete(...words))

describe('capstan completion', () => {
  it.each(['bash', 'zsh', 'fish'])('prints the script of %s', async (shell) => {
    const { exitCode, stdout } = await runCapstan(['completion', shell])
    expect(exitCode).toBe(0)
    expect(stdout).toContain('__complete')
  })

  it('rejects an unknown shell, and names the known ones', async () => {
    const { exitCode, stderr } = await runCapstan(['completion', 'ksh'])
    expect(exitCode).toBe(125)
    expect(stderr).toContain('bash, zsh, fish')
  })

  it('completes commands with their summaries, and subcommands', async () => {
    expect(await complete('ru')).toEqual({ run: 'Run a command in a new container' })
    const all = await list('')
    for (const { name } of commandGroups.flatMap(({ commands }) => commands)) expect(all).toContain(name)
    expect(all).not.toContain('__complete')
    expect(await list('buildkit', 'st')).toEqual(['start', 'status', 'stop'])
    expect(await list('help', 'doc')).toEqual(['doctor'])
  })

  it('completes options of a command and of all', async () => {
    expect(await list('run', '--net')).toEqual(['--network', '--network-alias'])
    expect(await list('ps', '--ru')).toEqual(['--runtime'])
    expect(await list('--deb')).toEqual(['--debug'])
    expect(await list('buildkit', 'prune', '--ke')).toEqual(['--keep'])
  })

  it.each([
    [['run', '--pull', '']],
    [['run', '-it', '--name', 'x', '--pull', '']],
    [['--debug', 'run', '-eA=b', '--rm', '--pull', '']],
  ])('completes the value of an option after %j', async (words) => {
    expect(await list(...words)).toEqual(['missing', 'never', 'always'])
  })

  it('completes a value after an equals sign with the name of the option', async () => {
    expect(await list('run', '--pull=n')).toEqual(['--pull=never'])
    expect(await list('run', '--colour=')).toEqual([])
  })

  it('completes the names of containers, with those that the command accepts', async () => {
    await run('run', '-d', '--name', 'web', 'busybox', 'sleep', '1000')
    await run('run', '--name', 'ended', 'busybox', 'true')
    expect(await complete('logs', '')).toEqual({ web: 'busybox, running', ended: 'busybox, exited' })
    expect(await list('exec', '-it', '')).toEqual(['web'])
    expect(await list('rm', 'ended', '')).toEqual(['web'])
    expect(await list('exec', 'web', '')).toEqual([])
  })

  it('completes containers with a colon, and files, for cp', async () => {
    await run('run', '-d', '--name', 'web', 'busybox', 'sleep', '1000')
    expect(await list('cp', 'file', '')).toEqual(['web:', ':files'])
  })

  it('completes nothing in the command line of a container', async () => {
    await run('run', '-d', '--name', 'web', 'busybox', 'sleep', '1000')
    expect(await list('run', 'busybox', '--r')).toEqual([])
    expect(await list('exec', 'web', 'ls', '--')).toEqual([])
    expect(await list('rm', '--', '--')).toEqual([])
  })

  it('completes images, networks, runtimes and files', async () => {
    expect(await list('run', 'busy')).toEqual(['busybox:latest'])
    expect(await list('tag', 'busy')).toEqual(['busybox:latest'])
    expect(await list('run', '--network', 'ho')).toEqual(['host'])
    expect(await list('build', '')).toEqual([':files'])
    expect(await list('build', '-f', 'x')).toEqual([':files'])
    const found = [fakePlugin('other', available()), fakePlugin('absent', unavailable())]
    const { stdout } = await runCapstan(['__complete', '--', 'ps', '--runtime', ''], { env: {}, plugins: found })
    expect(stdout).toBe('other\nabsent\tunavailable\n')
  })

  it('uses the global options of the command line', async () => {
    plugins = [memoryPlugin({ name: 'other' }), memoryPlugin()]
    await run('run', '--runtime', 'other', '-d', '--name', 'elsewhere', 'busybox', 'sleep', '1000')
    expect(await list('logs', '')).toEqual([])
    expect(await list('--runtime', 'other', 'logs', '')).toEqual(['elsewhere'])
    expect(await list('logs', '--runtime=other', '')).toEqual(['elsewhere'])
  })

  it('prints nothing when no runtime is available, and for an unknown command', async () => {
    plugins = []
    expect(await list('logs', '')).toEqual([])
    expect(await list('fly', 'x')).toEqual([])
    expect(await list()).not.toEqual([])
  })
})

async function run(...argv: readonly string[]): Promise<void> {
  expect((await runCapstan(argv, { env, plugins })).exitCode).toBe(0)
}
