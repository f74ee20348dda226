import { fileURLToPath } from 'node:url'
import type { RuntimePlugin } from '@capstan/core'
import { memoryPlugin } from '@capstan/runtime-memory'
import { describe, expect, it } from 'vitest'
import { commandGroups } from '../src/commands/command-list.js'
import { expectShortLines } from './support/expect-short-lines.js'
import { FakeIo } from './support/fake-io.js'
import { fakePlugin, unavailable } from './support/fake-plugin.js'
import { memoryPluginWith } from './support/memory-plugin-with.js'
import { runCapstan } from './support/run-capstan.js'

const commands = [
  'quickstart',
  'doctor',
  'run',
  'create',
  'exec',
  'build',
  'pull',
  'ps',
  'inspect',
  'logs',
  'stop',
  'rm',
  'sweep',
  'conformance',
]

describe('runProgram', () => {
  it('shows the version without loading a runtime', async () => {
    expect(await runCapstan(['--version'])).toEqual({ exitCode: 0, stdout: '1.2.3\n', stderr: '' })
    expect((await runCapstan(['-v'])).stdout).toBe('1.2.3\n')
  })

  it('shows help with the commands in groups, with --help and without arguments', async () => {
    const { exitCode, stdout } = await runCapstan(['--help'])
    expect(exitCode).toBe(0)
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'))
    for (const { title } of commandGroups) expect(stdout).toContain(`\n${title}\n`)
    expectNarrow(stdout)
    expect(await runCapstan([])).toEqual({ exitCode, stdout, stderr: '' })
  })

  it('shows the help of a command with `help`', async () => {
    expect(await runCapstan(['help', 'run'])).toEqual(await runCapstan(['run', '--help']))
    expect(await runCapstan(['help'])).toEqual(await runCapstan(['--help']))
  })

  it.each([
    ['exit-status', ['125', '126', '127', '130']],
    ['environment', ['CAPSTAN_RUNTIME', 'CAPSTAN_PROBE_TIMEOUT', 'DOCKER_HOST', 'NO_COLOR']],
  ])('shows the topic %s with `help`, and names it in the help', async (topic, parts) => {
    const { exitCode, stdout } = await runCapstan(['help', topic])
    expect(exitCode).toBe(0)
    for (const part of parts) expect(stdout).toContain(part)
    expectNarrow(stdout)
    expect((await runCapstan(['--help'])).stdout).toContain(`capstan help ${topic}`)
  })

  it('reports the reason when stdout cannot be written to', async () => {
    const io = new FakeIo()
    io.stdout._write = (_chunk, _encoding, done: (error?: Error) => void) =>
      done(Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' }))
    expect(await runCapstan(['ps', '--runtime', 'memory'], { io, plugins: [memoryPlugin()] })).toEqual({
      exitCode: 125,
      stdout: '',
      stderr: 'capstan ps: stdout cannot be written to: no space is left\n',
    })
  })

  it.each(commands)('shows help of %s with examples, within 80 columns', async (command) => {
    const { exitCode, stdout } = await runCapstan([command, '--help'])
    expect(exitCode).toBe(0)
    expect(stdout).toContain('Examples:')
    expect(stdout).toContain('--runtime <name>')
    expectNarrow(stdout)
  })

  it.each([
    [['fly'], /^capstan: unknown command 'fly'/],
    [['rum'], /^capstan: unknown command 'rum'\n {2}→ did you mean `run` or `rm`\?\n {2}→ see/],
    [['help', 'buidl'], /→ did you mean `build`\?/],
    [['run', '--detatch', 'busybox'], /→ did you mean `--detach`\?/],
    [['buildkit', 'star'], /→ did you mean `start`\?/],
    [['zap'], /^capstan: unknown command 'zap'\n {2}→ see `capstan --help`\n$/],
    [['run'], /^capstan run: missing required argument 'image'\n {2}→ see `capstan run --help`\n$/],
    [['run', '--colour', 'busybox'], /^capstan run: unknown option '--colour'/],
    [
      ['run', '--pull', 'sometimes', 'busybox'],
      /^capstan run: .*Allowed choices are missing, never, always\n {2}→ see/,
    ],
    [['build', '--push'], /^capstan build: an image that is pushed needs a name: use --tag/],
    [['ps', 'extra'], /^capstan ps: too many arguments/],
    [['help', 'fly'], /^capstan help: there is no command "fly"/],
    [['fly', '--help'], /^capstan: unknown command 'fly'\n {2}→ see `capstan --help`\n$/],
    [['buildkit', 'fly', '-h'], /^capstan buildkit: unknown command 'fly'/],
    [['--runtime'], /^capstan: option '--runtime <name>' argument missing/],
  ])('exits with 125 and writes short lines for %j', async (argv, stderr) => {
    const result = await runCapstan(argv)
    expect(result).toMatchObject({ exitCode: 125, stdout: '' })
    expect(result.stderr).toMatch(stderr)
    expectShortLines(result.stderr)
  })

  it('accepts the global options before and after the command', async () => {
    const plugins = [memoryPlugin({ name: 'one' }), memoryPlugin({ name: 'two' })]
    expect((await runCapstan(['--runtime', 'two', 'ps', '--json'], { plugins })).stdout).toContain('"runtime": "two"')
    expect((await runCapstan(['ps', '--runtime', 'one', '--json'], { plugins })).stdout).toContain('"runtime": "one"')
    const env = { CAPSTAN_RUNTIME: 'one' }
    expect((await runCapstan(['ps', '--runtime', 'two', '--json'], { plugins, env })).stdout).toContain(
      '"runtime": "two"',
    )
  })

  it('names the known runtimes for an unknown one', async () => {
    const { exitCode, stderr } = await runCapstan(['ps', '--runtime', 'podman'], { plugins: [memoryPlugin()] })
    expect(exitCode).toBe(125)
    expect(stderr).toBe('capstan ps: no plugin is named "podman"\n  known: memory\n  → `--plugin PACKAGE` adds one\n')
  })

  it('passes --probe-timeout, before or after the command, else CAPSTAN_PROBE_TIMEOUT to every runtime', async () => {
    const seen: (number | undefined)[] = []
    const memory = memoryPlugin()
    const plugins: RuntimePlugin[] = [
      {
        ...memory,
        probeTimeoutMs: 7000,
        probe: async (options) => {
          seen.push(options.timeoutMs)
          return await memory.probe(options)
        },
      },
    ]
    const argv = ['ps', '--runtime', 'memory']
    const env = { CAPSTAN_PROBE_TIMEOUT: '2.5' }
    await runCapstan(['--probe-timeout', '4', ...argv], { plugins, env })
    await runCapstan([...argv, '--probe-timeout', '.5'], { plugins, env })
    await runCapstan(argv, { plugins, env })
    await runCapstan(argv, { plugins, env: { CAPSTAN_PROBE_TIMEOUT: '' } })
    expect(seen).toEqual([4000, 500, 2500, 7000])
    seen.length = 0
    await runCapstan(['conformance', '--only', 'PRB-001', '--runtime', 'memory', '--probe-timeout', '4'], { plugins })
    expect(seen).not.toContain(7000)
    expect(seen).toContain(4000)
  })

  it.each(
    commands.filter(
      (command) => !['build', 'run', 'create', 'exec', 'pull', 'inspect', 'logs', 'stop', 'rm'].includes(command),
    ),
  )('rejects an invalid probe timeout before %s does anything', async (command) => {
    const plugins = [fakePlugin('docker', unavailable(), { probe: () => Promise.reject(new Error('was probed')) })]
    const expected = (name: string, given: string) => ({
      exitCode: 125,
      stdout: '',
      stderr:
        `capstan ${command}: ${name} must be a number of seconds above 0, up to 86400, not "${given}"\n` +
        `  → see \`capstan ${command} --help\`\n`,
    })
    expect(await runCapstan([command, '--probe-timeout', '0'], { plugins })).toEqual(expected('--probe-timeout', '0'))
    const env = { CAPSTAN_PROBE_TIMEOUT: '10s' }
    expect(await runCapstan([command], { plugins, env })).toEqual(expected('CAPSTAN_PROBE_TIMEOUT', '10s'))
  })

  it('writes an error as one JSON document on stderr with --json', async () => {
    const result = await runCapstan(['inspect', '--json', '--runtime', 'memory', 'missing'], {
      plugins: [memoryPlugin()],
    })
    expect(result).toMatchObject({ exitCode: 125, stdout: '' })
    expect(JSON.parse(result.stderr)).toEqual({
      schemaVersion: 1,
      errors: [
        {
          command: 'capstan inspect',
          code: 'CONTAINER_NOT_FOUND',
          message: 'there is no container "missing"',
          details: [],
          remedies: ['`capstan ps --all` lists the containers'],
          facts: { id: 'missing' },
          undoFailures: [],
          causes: [],
        },
      ],
    })
    const { stderr } = await runCapstan(['ps', '--json'], { plugins: [fakePlugin('docker', unavailable())] })
    expect(JSON.parse(stderr)).toMatchObject({
      errors: [{ facts: { reports: [{ attempts: [{ step: 'connect' }] }] } }],
    })
  })

  it.each([
    [['ps', '--json', '--colour'], 'capstan ps', "unknown option '--colour'"],
    [['inspect', '--json'], 'capstan inspect', "missing required argument 'container'"],
    [['build', '--builder', 'x', '--progress', 'json'], 'capstan build', /Allowed choices/],
    [['buildkit', 'du', '--colour', '--json'], 'capstan buildkit du', "unknown option '--colour'"],
    [['fly', '--json'], 'capstan', "unknown command 'fly'"],
  ])('writes a usage error of %j as one JSON document', async (argv, command, message) => {
    const { exitCode, stdout, stderr } = await runCapstan(argv)
    expect([exitCode, stdout]).toEqual([125, ''])
    expect(JSON.parse(stderr)).toEqual({
      schemaVersion: 1,
      errors: [
        {
          command,
          code: null,
          message: typeof message === 'string' ? message : expect.stringMatching(message),
          details: [],
          remedies: [`see \`${command} --help\``],
          facts: null,
          undoFailures: [],
          causes: [],
        },
      ],
    })
  })

  it('writes a usage error as text when --json is an argument of the command in the container', async () => {
    const { stderr } = await runCapstan(['run', '--colour', 'busybox', 'tool', '--json'])
    expect(stderr).toMatch(/^capstan run: unknown option '--colour'/)
  })

  it('names a plugin that cannot be loaded', async () => {
    const { exitCode, stderr } = await runCapstan(['ps', '--plugin', '@example/not-installed'], { cwd: '/' })
    expect(exitCode).toBe(125)
    expect(stderr).toMatch(/^capstan ps: .*@example\/not-installed/)
  })

  it('replaces a built-in plugin by one of --plugin with the same name', async () => {
    const cwd = fileURLToPath(new URL('.', import.meta.url))
    const argv = ['ps', '--json', '--runtime', 'memory', '--plugin', '@capstan/runtime-memory']
    const plugins = [fakePlugin('memory', unavailable())]
    expect(await runCapstan(argv.slice(0, 4), { plugins })).toMatchObject({ exitCode: 125 })
    expect(await runCapstan(argv, { plugins, cwd })).toMatchObject({ exitCode: 0, stderr: '' })
  })

  it('never opens a simulation that is not named', async () => {
    const plugins = [fakePlugin('docker', unavailable()), memoryPlugin()]
    for (const argv of [['run', 'busybox'], ['ps'], ['pull', 'x'], ['logs', 'x'], ['rm', '-f', 'x']]) {
      const { exitCode, stderr } = await runCapstan(argv, { plugins })
      expect([argv, exitCode]).toEqual([argv, 125])
      expect(stderr).toContain('unix:///var/run/docker.sock (default)')
      expectShortLines(stderr)
    }
  })

  it('writes the failure of the command before the failure of closing', async () => {
    const plugins = [memoryPluginWith({ close: () => Promise.reject(new Error('the door is stuck')) })]
    const { exitCode, stderr } = await runCapstan(['run', '--runtime', 'memory', 'busybox', 'nosuch'], { plugins })
    expect(exitCode).toBe(127)
    expect(stderr.trim().split('\n')).toEqual([
      'capstan run: the image has no command "nosuch"',
      expect.stringMatching(/^capstan run: .*the door is stuck/),
      expect.stringContaining('--debug'),
    ])
  })

  it('shows a stack only with --debug', async () => {
    const plugins = [memoryPlugin()]
    expect((await runCapstan(['ps', '--runtime', 'x'], { plugins })).stderr).not.toMatch(/\n +at /)
    expect((await runCapstan(['ps', '--runtime', 'x', '--debug'], { plugins })).stderr).toMatch(/\n +at /)
  })
})

function expectNarrow(text: string): void {
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
}
