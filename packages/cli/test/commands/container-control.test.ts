import { containerControlCapability, type RuntimePlugin } from '@capstan/core'
import { memoryPlugin } from '@capstan/runtime-memory'
import { beforeEach, describe, expect, it } from 'vitest'
import { FakeIo } from '../support/fake-io.js'
import { memoryPluginWith } from '../support/memory-plugin-with.js'
import { runCapstan } from '../support/run-capstan.js'

const env = { CAPSTAN_RUNTIME: 'memory' }
let plugins: readonly RuntimePlugin[]

const capstan = (argv: readonly string[], more: object = {}) => runCapstan(argv, { env, plugins, ...more })
const names = async (...argv: readonly string[]) =>
  (await capstan(['ps', '--format', '{{.Names}}', ...argv])).stdout
    .split('\n')
    .filter((name) => name !== '')
    .sort()
const state = async (name: string) =>
  (await capstan(['ps', '-a', '--format', '{{.State}}', '-f', `name=^${name}$`])).stdout.trim()
const run = async (name: string, ...argv: readonly string[]) => {
  const { exitCode, stderr } = await capstan(['run', '-d', '--name', name, ...argv])
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
}

beforeEach(async () => {
  plugins = [memoryPlugin()]
  await run('web', 'busybox', 'sleep', '1000')
})

describe('capstan create', () => {
  it('creates a container with the options of run and prints its ID, and start -a runs it', async () => {
    const created = await capstan([
      'create',
      '--name',
      'later',
      '--label',
      'tier=front',
      'busybox',
      'sh',
      '-c',
      'exit 3',
    ])
    expect(created).toMatchObject({ exitCode: 0, stderr: '', stdout: expect.stringMatching(/^\S+\n$/) })
    expect(await state('later')).toBe('created')
    expect(await names('-a', '--filter', 'label=tier=front')).toEqual(['later'])
    expect(await capstan(['start', '-a', 'later'])).toMatchObject({ exitCode: 3 })
    expect(await capstan(['create', '--name', 'later', 'busybox'])).toMatchObject({ exitCode: 125, stdout: '' })
    expect(await capstan(['create', '-d', 'busybox'])).toMatchObject({ exitCode: 125, stdout: '' })
  })
})

describe('capstan start', () => {
  it('starts containers, prints their references, and reports each failure', async () => {
    await run('job', 'busybox', 'true')
    await capstan(['kill', 'web'])
    const { exitCode, stdout, stderr } = await capstan(['start', 'web', 'missing', 'job'])
    expect({ exitCode, stdout }).toEqual({ exitCode: 125, stdout: 'web\njob\n' })
    expect(stderr).toContain('there is no container "missing"')
    expect(await state('web')).toBe('running')
  })

  it('attaches with -a and exits with the exit code of the container', async () => {
    await run('job', 'busybox', 'sh', '-c', 'echo out; echo err >&2; exit 7')
    await capstan(['wait', 'job'])
    expect(await capstan(['start', '-a', 'job'])).toEqual({ exitCode: 7, stdout: 'out\n', stderr: 'err\n' })
  })

  it('passes stdin with -i to a container whose stdin is open, and not to another one', async () => {
    await run('open', '-i', 'busybox', 'cat')
    await capstan(['stop', '-t', '0', 'open'])
    expect(await capstan(['start', '-ai', 'open'], { stdin: 'typed' })).toMatchObject({ exitCode: 0, stdout: 'typed' })
    await run('closed', 'busybox', 'cat')
    await capstan(['wait', 'closed'])
    expect(await capstan(['start', '-ai', 'closed'], { stdin: 'typed' })).toMatchObject({ exitCode: 0, stdout: '' })
  })

  it('rejects several containers with -a', async () => {
    expect(await capstan(['start', '-a', 'web', 'job'])).toMatchObject({
      exitCode: 125,
      stderr: 'capstan start: several containers cannot be used with -a or -i\n',
    })
  })
})

describe('capstan attach', () => {
  it('sends signals to the container and exits with its exit code', async () => {
    await run('shell', '-i', 'busybox', 'cat')
    const io = new FakeIo({ env, stdin: 'hello\n', isStdinOpen: true })
    const attached = capstan(['attach', 'shell'], { io })
    await io.stdout.waitFor(/hello/)
    io.signals.emit('SIGINT')
    expect(await attached).toMatchObject({ exitCode: 130, stdout: 'hello\n' })
    expect(await state('shell')).toBe('exited')
  })

  it('detaches at a signal with --sig-proxy=false, and the container continues', async () => {
    await run('shell', '-i', 'busybox', 'cat')
    const io = new FakeIo({ env, stdin: 'hello\n', isStdinOpen: true })
    const attached = capstan(['attach', '--sig-proxy=false', 'shell'], { io })
    await io.stdout.waitFor(/hello/)
    io.signals.emit('SIGINT')
    expect(await attached).toMatchObject({ exitCode: 130 })
    expect(await state('shell')).toBe('running')
  })

  it('detaches at the detach keys of an interactive terminal', async () => {
    await run('shell', '-it', 'busybox', 'cat')
    const io = new FakeIo({ env, columns: 80, isStdinOpen: true })
    Object.assign(io.stdin, { isTTY: true, setRawMode: () => {} })
    const attached = capstan(['attach', 'shell'], { io })
    io.stdin.write('\u0010\u0011')
    expect((await attached).exitCode).toBe(0)
    expect(io.stderr.text).toContain('Detached; the container continues to run')
    expect(await state('shell')).toBe('running')
  })

  it('rejects a container that does not run', async () => {
    await capstan(['kill', 'web'])
    expect(await capstan(['attach', 'web'])).toMatchObject({ exitCode: 125, stderr: /is not running \(exited\)/ })
  })
})

describe('capstan restart, kill, pause and unpause', () => {
  it('restarts a running and a stopped container', async () => {
    await run('job', 'busybox', 'sleep', '1000')
    await capstan(['kill', 'job'])
    expect(await capstan(['restart', '-t', '0', 'web', 'job'])).toEqual({
      exitCode: 0,
      stdout: 'web\njob\n',
      stderr: '',
    })
    expect([await state('web'), await state('job')]).toEqual(['running', 'running'])
  })

  it('sends a signal in any case, and SIGKILL by default', async () => {
    await capstan(['kill', '-s', 'hup', 'web'])
    expect((await capstan(['wait', 'web'])).stdout).toBe('129\n')
    await capstan(['start', 'web'])
    await capstan(['kill', 'web'])
    expect((await capstan(['wait', 'web'])).stdout).toBe('137\n')
    expect((await capstan(['kill', 'web'])).stderr).toContain('is not running (exited)')
    expect((await capstan(['kill', '-s', 'no signal', 'web'])).stderr).toContain('--signal must be a signal')
  })

  it('pauses and unpauses', async () => {
    expect(await capstan(['pause', 'web'])).toEqual({ exitCode: 0, stdout: 'web\n', stderr: '' })
    expect((await capstan(['ps', '--format', '{{.Status}}'])).stdout).toMatch(/^Up .*\(Paused\)\n$/)
    expect((await capstan(['exec', 'web', 'true'])).stderr).toContain('is not running (paused)')
    expect(await capstan(['unpause', 'web'])).toEqual({ exitCode: 0, stdout: 'web\n', stderr: '' })
    expect(await state('web')).toBe('running')
  })

  it('names the capability that a runtime lacks', async () => {
    plugins = [memoryPlugin({ without: [containerControlCapability] })]
    await run('web', 'busybox', 'sleep', '1000')
    const { exitCode, stderr } = await capstan(['pause', 'web'])
    expect(exitCode).toBe(125)
    expect(stderr).toContain('container control')
  })

  it('names the option that a runtime does not support', async () => {
    plugins = [memoryPlugin({ unsupportedOptions: ['container-control.pause'] })]
    await run('web', 'busybox', 'sleep', '1000')
    expect((await capstan(['pause', 'web'])).stderr).toContain('does not support "container-control.pause"')
  })
})

describe('capstan wait and port', () => {
  it('prints the exit codes in the given order, and as JSON', async () => {
    await run('one', 'busybox', 'sh', '-c', 'exit 1')
    await run('two', 'busybox', 'sh', '-c', 'exit 2')
    expect(await capstan(['wait', 'two', 'one'])).toEqual({ exitCode: 0, stdout: '2\n1\n', stderr: '' })
    expect(JSON.parse((await capstan(['wait', '--json', 'one'])).stdout)).toMatchObject({
      done: ['one'],
      results: { one: '1' },
    })
  })

  it('shows the addresses of all ports and of one port', async () => {
    await run('shop', '-p', '127.0.0.1::80', 'busybox', 'sleep', '1000')
    const { stdout } = await capstan(['port', 'shop'])
    const [, address] = /^80\/tcp -> (127\.0\.0\.1:\d+)\n$/.exec(stdout) ?? []
    expect((await capstan(['port', 'shop', '80'])).stdout).toBe(`${address}\n`)
    expect(await capstan(['port', 'shop', '80/udp'])).toMatchObject({
      exitCode: 125,
      stderr: 'capstan port: container "shop" does not publish port 80/udp\n',
    })
    expect((await capstan(['port', 'shop', 'http'])).stderr).toContain('PORT must be a port such as 80 or 53/udp')
  })

  it('names the machine of an engine elsewhere, and warns of ports that only that machine reaches', async () => {
    plugins = [memoryPluginWith({ portHost: 'build.example' })]
    const { stderr } = await capstan([
      'run',
      '-d',
      '--name',
      'web',
      '-p',
      '80',
      '-p',
      '127.0.0.1::81',
      'busybox',
      'sleep',
      '1000',
    ])
    expect(stderr).toBe('capstan: warning: port 81 is published on 127.0.0.1 of build.example, not of this machine\n')
    expect((await capstan(['port', 'web', '80'])).stdout).toMatch(/^build\.example:\d+\n$/)
    expect((await capstan(['ps'])).stdout).toMatch(/build\.example:\d+->80\/tcp, 127\.0\.0\.1:\d+->81\/tcp\n$/)
    expect((await capstan(['ps', '--format', '{{.Ports}}'])).stdout).toMatch(/^build\.example:\d+->80\/tcp, /)
    expect(JSON.parse((await capstan(['port', '--json', 'web'])).stdout).ports).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ containerPort: 80, hostAddress: '0.0.0.0', host: 'build.example' }),
        expect.objectContaining({ containerPort: 81, hostAddress: '127.0.0.1', host: null }),
      ]),
    )
  })
})

describe('capstan top, rename and update', () => {
  it('lists processes', async () => {
    expect((await capstan(['top', 'web'])).stdout).toBe('PID   PPID   USER   COMMAND\n1     0      root   sleep 1000\n')
    expect(JSON.parse((await capstan(['top', '--json', 'web'])).stdout).processes).toEqual([
      { pid: 1, parentPid: 0, user: 'root', command: 'sleep 1000' },
    ])
  })

  it('renames a container', async () => {
    expect(await capstan(['rename', 'web', 'shop'])).toEqual({ exitCode: 0, stdout: '', stderr: '' })
    expect(await names()).toEqual(['shop'])
    expect((await capstan(['rename', 'shop', '-x'])).exitCode).toBe(125)
    await run('web', 'busybox', 'sleep', '1000')
    expect((await capstan(['rename', 'web', 'shop'])).stderr).toContain('the name "shop" is taken')
  })

  it('changes limits, and rejects a call without one', async () => {
    expect(await capstan(['update', '-m', '64m', '--cpus', '.5', '--pids-limit', '20', 'web'])).toMatchObject({
      stdout: 'web\n',
    })
    const { stdout } = await capstan(['exec', 'web', 'cat', '/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/pids.max'])
    expect(stdout).toBe(`${64 * 1024 * 1024}\n20\n`)
    expect((await capstan(['update', '--restart', 'on-failure:2', 'web'])).exitCode).toBe(0)
    expect((await capstan(['update', 'web'])).stderr).toContain('no setting is given')
    expect((await capstan(['update', '--pids-limit', '0', 'web'])).stderr).toContain('--pids-limit must be')
  })
})

describe('capstan rm', () => {
  it('keeps anonymous volumes unless --volumes is given', async () => {
    const removals: unknown[] = []
    const removeContainer = async (_: string, options: object = {}) => void removals.push(options)
    plugins = [memoryPluginWith({ removeContainer })]
    await run('web', 'busybox', 'true')
    await capstan(['rm', '-f', 'web'])
    await capstan(['rm', '-fv', 'web'])
    expect(removals).toMatchObject([{ keepVolumes: true }, { keepVolumes: false }])
  })
})

describe('capstan ps --filter', () => {
  beforeEach(async () => {
    await run('done', '--label', 'tier=back', 'busybox', 'sh', '-c', 'exit 3')
    await capstan(['wait', 'done'])
    await run('wide', '--label', 'tier=front', '--label', 'x', 'busybox:latest', 'sleep', '1000')
    await capstan(['pause', 'wide'])
  })

  it.each([
    [['status=exited'], ['done']],
    [
      ['status=exited', 'status=paused'],
      ['done', 'wide'],
    ],
    [['label=tier'], ['wide']],
    [['label=tier=front', 'label=x'], ['wide']],
    [['label=tier=back', 'status=exited'], ['done']],
    [['name=w'], ['web', 'wide']],
    [['name=^/web$'], ['web']],
    [
      ['name=web', 'name=wide'],
      ['web', 'wide'],
    ],
    [['exited=3'], ['done']],
    [['exited=0'], []],
    [['ancestor=busybox'], ['web', 'wide']],
    [['ancestor=docker.io/library/busybox:latest', 'status=paused'], ['wide']],
    [['ancestor=other'], []],
    [['health=none'], ['web', 'wide']],
    [['since=web'], ['done', 'wide']],
    [['before=done'], ['web']],
    [['network=bridge'], ['web', 'wide']],
  ] as const)('lists by %j', async (filters, expected) => {
    expect(await names(...filters.flatMap((filter) => ['--filter', filter]))).toEqual(expected)
  })

  it('lists by a prefix of an ID', async () => {
    const id = (await capstan(['ps', '-q', '-f', 'name=web'])).stdout.trim()
    expect(await names('-f', `id=${id.slice(0, 12)}`)).toEqual(['web'])
  })

  it.each([
    ['colour=red', '--filter must be KEY=VALUE with one of the keys status'],
    ['status', '--filter must be KEY=VALUE'],
    ['status=gone', '--filter status must be one of created'],
    ['exited=x', '--filter exited must be an exit code'],
    ['health=ill', '--filter health must be one of starting'],
    ['name=[', '--filter name must be a name or a regular expression'],
    ['since=missing', '--filter must be an existing container'],
  ])('rejects %s', async (filter, message) => {
    const { exitCode, stderr } = await capstan(['ps', '-f', filter])
    expect(exitCode).toBe(125)
    expect(stderr).toContain(message)
  })
})
