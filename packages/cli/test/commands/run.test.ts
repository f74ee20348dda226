import { networkManagerCapability, type Runtime, type RuntimePlugin } from '@capstan/core'
import { withUndoFailures } from '@capstan/core/plugin'
import { memoryPlugin } from '@capstan/runtime-memory'
import { beforeEach, describe, expect, it } from 'vitest'
import { expectShortLines } from '../support/expect-short-lines.js'
import { FakeIo } from '../support/fake-io.js'
import { findFreePort } from '../support/find-free-port.js'
import { memoryPluginWith } from '../support/memory-plugin-with.js'
import { runCapstan } from '../support/run-capstan.js'

const env = { CAPSTAN_RUNTIME: 'memory' }
const freePort = await findFreePort()

describe('capstan run', () => {
  let plugins: readonly RuntimePlugin[]
  beforeEach(() => {
    plugins = [memoryPlugin()]
  })
  const run = (argv: readonly string[], more: object = {}) => runCapstan(['run', ...argv], { env, plugins, ...more })
  const listAll = async () => (await runCapstan(['ps', '--all', '--quiet'], { env, plugins })).stdout

  it('passes output and exit code through, and removes the container', async () => {
    const result = await run(['--rm', 'busybox', 'sh', '-c', 'echo out; echo err >&2; exit 7'])
    expect(result).toEqual({ exitCode: 7, stdout: 'out\n', stderr: 'err\n' })
    expect(await listAll()).toBe('')
  })

  it('passes the arguments after the image unchanged', async () => {
    const { stdout } = await run(['--rm', 'busybox', 'echo', '--rm', '-i', '--', '--help', '-x'])
    expect(stdout).toBe('--rm -i -- --help -x\n')
    expect((await run(['--rm', '--', 'busybox', 'echo', 'x'])).stdout).toBe('x\n')
  })

  it.each([
    [['--pull', 'always', '--name', 'a b'], '--name must be'],
    [['--buildkit', '--user', 'a b'], '--user must be'],
    [['--network', 'one', '--workdir', 'here'], '--workdir must be'],
  ])('rejects %j before it opens a runtime, or pulls or starts anything', async (argv, message) => {
    const { exitCode, stderr } = await run([...argv, 'busybox'], { env: { CAPSTAN_RUNTIME: 'none' } })
    expect({ exitCode, stderr }).toEqual({ exitCode: 125, stderr: expect.stringContaining(message) })
  })

  it('restarts a container by --restart, and shows the health of --health-cmd in ps and inspect', async () => {
    const health = ['--health-cmd', 'true', '--health-interval', '10ms']
    expect(
      (await run(['-d', '--name', 'web', '--restart', 'always', ...health, 'busybox', 'sleep', '60'])).exitCode,
    ).toBe(0)
    const shown = async () => (await runCapstan(['inspect', 'web'], { env, plugins })).stdout
    await expect.poll(shown).toMatch(/^health: +healthy$/m)
    expect(await shown()).toMatch(/^restart: +always, 0 restarts$/m)
    expect((await runCapstan(['ps'], { env, plugins })).stdout).toContain('running (healthy)')
    const status = (await runCapstan(['ps', '--format', '{{.Status}}'], { env, plugins })).stdout
    expect(status).toMatch(/^Up .* \(healthy\)$/m)
  })

  it('names the options of a health check and of an unknown OCI runtime', async () => {
    const bad = await run(['--health-cmd', 'true', '--health-interval', '0s', 'busybox'])
    expect(bad.stderr).toContain('--health-interval must be')
    const unknown = await run(['--oci-runtime', 'nosuch', 'busybox'])
    expect(unknown.stderr).toContain('--oci-runtime must be a name that the engine knows: runc')
  })

  it('passes stdin to the container only with -i', async () => {
    expect((await run(['--rm', '-i', 'busybox', 'wc', '-c'], { stdin: 'abc' })).stdout.trim()).toBe('3')
    const io = new FakeIo({ env, stdin: 'abc' })
    expect((await run(['--rm', 'busybox', 'wc', '-c'], { io })).stdout.trim()).toBe('0')
    expect(io.stdin.readableLength).toBe(3)
  })

  it('exits with 127 for a command that the image does not have, and removes the container', async () => {
    const result = await run(['busybox', 'no-such-command'])
    expect(result.exitCode).toBe(127)
    expect(result.stderr).toContain('no-such-command')
    expect(await listAll()).toBe('')
  })

  it('keeps an exited container and its logs without --rm', async () => {
    await run(['--name', 'kept', 'busybox', 'echo', 'still here'])
    expect((await runCapstan(['logs', 'kept'], { env, plugins })).stdout).toBe('still here\n')
  })

  it('prints the ID with -d and leaves the container running', async () => {
    const { stdout } = await run(['-d', 'busybox', 'sleep', '1000'])
    expect(stdout).toMatch(/^[0-9a-f]{12,}\n$/)
    expect((await runCapstan(['ps', '-q'], { env, plugins })).stdout).toBe(stdout)
    expect((await runCapstan(['rm', '-f', stdout.slice(0, 8)], { env, plugins })).exitCode).toBe(0)
  })

  it('leaves the container running when the user types the detach keys in a terminal', async () => {
    for (const [keys, typed] of [
      [[], '\x10\x11'],
      [['--detach-keys', 'ctrl-a,d'], '\x01d'],
    ] as const) {
      const io = new FakeIo({ env, columns: 80, isTerminal: true, isStdinOpen: true })
      const argv = ['--rm', '-it', ...keys, '--name', 'kept', 'busybox', 'sh', '-c', 'echo up; sleep 1000']
      const running = run(argv, { io })
      await io.stdout.waitFor(/up/)
      io.stdin.write(typed)
      expect(await running).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('Detached') })
      expect(JSON.parse((await runCapstan(['inspect', '--json', 'kept'], { env, plugins })).stdout)).toMatchObject({
        containers: [{ state: { status: 'running' }, labels: { 'capstan.lifetime': 'lease' } }],
      })
      await runCapstan(['rm', '-f', 'kept'], { env, plugins })
    }
  })

  it('passes the detach keys on where they do not apply', async () => {
    const counted = async (argv: readonly string[], io: FakeIo) => {
      const running = run(['--rm', ...argv, 'busybox', 'cat'], { io })
      io.stdin.end('\x10\x11')
      return (await running).stdout
    }
    expect(await counted(['-i'], new FakeIo({ env, isStdinOpen: true }))).toBe('\x10\x11')
  })

  it('rejects invalid detach keys before it opens a runtime', async () => {
    const { exitCode, stderr } = await run(['--detach-keys', 'ctrl-1', 'busybox'], { env: { CAPSTAN_RUNTIME: 'none' } })
    expect({ exitCode, stderr }).toEqual({ exitCode: 125, stderr: expect.stringContaining('--detach-keys must be') })
  })

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('stops and removes the container on %s and exits with %i', async (signal, exitCode) => {
    const io = new FakeIo({ env })
    const running = run(['--rm', 'busybox', 'sh', '-c', 'echo up; sleep 1000'], { io })
    await io.stdout.waitFor(/up/)
    io.signals.emit(signal)
    expect((await running).exitCode).toBe(exitCode)
    expect(await listAll()).toBe('')
  })

  it('exits with the exit code of a container that handles the stop signal', async () => {
    const own = memoryPlugin({
      images: {
        polite: {
          main: async ({ stdout, signal }) => {
            stdout.write('up\n')
            await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
            return 3
          },
        },
      },
    })
    const io = new FakeIo({ env })
    const running = runCapstan(['run', '--rm', 'polite'], { io, plugins: [own] })
    await io.stdout.waitFor(/up/)
    io.signals.emit('SIGINT')
    expect((await running).exitCode).toBe(3)
  })

  it('kills the container on the second Ctrl-C', async () => {
    const plugin = memoryPlugin({
      images: {
        'ignores-signals': {
          main: async ({ stdout }) => {
            stdout.write('up\n')
            return await new Promise<number>(() => undefined)
          },
        },
      },
    })
    const io = new FakeIo({ env, columns: 80 })
    const running = runCapstan(['run', '--rm', '--stop-timeout', '3600', 'ignores-signals'], { io, plugins: [plugin] })
    await io.stdout.waitFor(/up/)
    io.signals.emit('SIGINT')
    await io.stderr.waitFor(/Ctrl-C again kills it/)
    io.signals.emit('SIGINT')
    expect((await running).exitCode).toBe(130)
  })

  it('removes the container on the third Ctrl-C, without waiting for its stop', async () => {
    const plugins = [memoryPluginWith({ stopContainer: () => new Promise(() => undefined) })]
    const io = new FakeIo({ env })
    const running = runCapstan(['run', '--rm', 'busybox', 'sh', '-c', 'echo up; sleep 1000'], { io, plugins })
    await io.stdout.waitFor(/up/)
    for (const signal of ['SIGINT', 'SIGINT', 'SIGINT']) io.signals.emit(signal)
    expect((await running).exitCode).toBe(130)
    expect((await runCapstan(['ps', '-aq'], { env, plugins })).stdout).toBe('')
  })

  it('rounds --stop-timeout to milliseconds, and rejects one that is too long before it starts', async () => {
    const io = new FakeIo({ env })
    const running = run(['--rm', '--stop-timeout', '1.0005', 'busybox', 'sh', '-c', 'echo up; sleep 1000'], { io })
    await io.stdout.waitFor(/up/)
    io.signals.emit('SIGTERM')
    expect(await running).toMatchObject({ exitCode: 143, stderr: '' })
    const refused = await run(['--stop-timeout', '86401', 'busybox', 'true'])
    expect(refused.exitCode).toBe(125)
    expect(refused.stderr).toMatch(/^capstan run: --stop-timeout must be a .*, not "86401"/)
    expect(await listAll()).toBe('')
  })

  it.each([
    ['cpus.fraction', ['--cpus', '0.5']],
    ['memoryBytes.small', ['--memory', '64m']],
    ['labels.equalsSign', ['--label', 'a=b=c']],
    ['mounts.tmpfs.noexec', ['--tmpfs', '/scratch']],
    ['ports.hostPort', ['--publish', `${freePort}:80`]],
  ] as const)('selects another runtime when the first does not support %s', async (field, argv) => {
    const able = memoryPlugin({ name: 'able' })
    const unable = memoryPlugin({ name: 'unable', unsupportedOptions: [field] })
    const plugins = [unable, able].map((plugin) => ({ ...plugin, selection: 'automatic' as const }))
    const ran = await runCapstan(['run', '--name', 'job', ...argv, 'busybox', 'true'], { plugins })
    expect(ran).toEqual({ exitCode: 0, stdout: '', stderr: '' })
    expect((await runCapstan(['ps', '-a', '--runtime', 'able'], { plugins })).stdout).toContain('job')
  })

  it('exits with 141 without an error when stdout is closed, and removes the container', async () => {
    const io = new FakeIo({ env })
    const running = run(['--rm', 'busybox', 'sh', '-c', 'echo up; sleep 1000'], { io })
    await io.stdout.waitFor(/up/)
    io.stdout.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE', syscall: 'write' }))
    expect(await running).toMatchObject({ exitCode: 141, stderr: '' })
    expect(await listAll()).toBe('')
  })

  it('rejects -it without a terminal on stdin, as docker does, and creates no container', async () => {
    const result = await run(['-it', 'busybox', 'sh'])
    expect(result.exitCode).toBe(125)
    expect(result.stderr).toMatch(/^capstan run: the input device is not a TTY/)
    expect(await listAll()).toBe('')
  })

  it('sets the size and the raw mode of the terminal, and restores it', async () => {
    const modes: boolean[] = []
    const io = new FakeIo({ env, columns: 91, isStdinOpen: true })
    Object.assign(io.stdin, { isTTY: true, setRawMode: (raw: boolean) => void modes.push(raw) })
    const sizes: unknown[] = []
    const looking = memoryPlugin({
      images: {
        looking: {
          main: async ({ terminalSize, stdout, terminal }) => {
            sizes.push(terminalSize())
            stdout.write(`terminal ${terminal}\n`)
            while (terminalSize()?.width !== 70) await new Promise((resolve) => setImmediate(resolve))
            sizes.push(terminalSize())
            return 0
          },
        },
      },
    })
    const running = runCapstan(['run', '--rm', '-it', 'looking'], { io, plugins: [looking] })
    await io.stdout.waitFor(/terminal true/)
    Object.assign(io.stdout, { columns: 70, rows: 20 })
    io.stdout.emit('resize')
    expect((await running).exitCode).toBe(0)
    expect(sizes).toEqual([
      { width: 91, height: 24 },
      { width: 70, height: 20 },
    ])
    expect(modes).toEqual([true, false])
  })

  it('restores the terminal when the run fails', async () => {
    const modes: boolean[] = []
    const io = new FakeIo({ env })
    Object.assign(io.stdin, { isTTY: true, setRawMode: (raw: boolean) => void modes.push(raw) })
    const error = new Error('the engine has stopped')
    const failing = memoryPlugin({ faults: [{ operation: 'startAttached', error }] })
    const { exitCode } = await runCapstan(['run', '--rm', '-it', 'busybox', 'sh'], { io, plugins: [failing] })
    expect(exitCode).toBe(125)
    expect(modes).toEqual([true, false])
  })

  it('connects to a network by its name', async () => {
    const { exitCode, stderr } = await run(['--rm', '--network', 'missing', 'busybox', 'true'])
    expect(exitCode).toBe(125)
    expect(stderr).toMatch(/^capstan run: there is no network "missing"/)
  })

  it('names another runtime that has networks when this one has none', async () => {
    const bare = memoryPlugin({ name: 'bare', without: [networkManagerCapability] })
    const both = { plugins: [bare, memoryPlugin()] }
    const result = await runCapstan(['run', '--runtime', 'bare', '--network', 'x', 'busybox'], both)
    expect(result.exitCode).toBe(125)
    expect(result.stderr).toContain('which runtime "bare" does not provide')
    expect(result.stderr).toContain('--runtime memory (simulated)')
  })

  it('rejects invalid input before it creates anything, naming the option', async () => {
    for (const options of [
      ['-p', '0:80'],
      ['-m', '-1'],
      ['--name', 'a\nb'],
      ['-v', '/data'],
      ['-e', '=x'],
    ]) {
      const { exitCode, stderr } = await run([...options, 'busybox'])
      expect([options, exitCode]).toEqual([options, 125])
      expectShortLines(stderr)
    }
    expect((await run([''])).exitCode).toBe(125)
    expect(await listAll()).toBe('')
  })

  it('reports the failed cleanup after Ctrl-C', async () => {
    const io = new FakeIo()
    const createContainer: Runtime['createContainer'] = (_, { signal } = {}) =>
      new Promise((_resolve, reject) => {
        const fail = () => reject(withUndoFailures(signal?.reason, [new Error('the container is stuck')]))
        signal?.addEventListener('abort', fail, { once: true })
        io.signals.emit('SIGINT')
      })
    const argv = ['run', '--runtime', 'memory', '--rm', 'busybox', 'true']
    expect(await runCapstan(argv, { plugins: [memoryPluginWith({ createContainer })], io })).toEqual({
      exitCode: 130,
      stdout: '',
      stderr:
        'capstan run: interrupted by SIGINT\n  1 step of the cleanup failed:\n  - the container is stuck\n' +
        '  → `capstan sweep` removes what was left behind\n',
    })
  })

  it('exits on Ctrl-C while it waits for the engine', async () => {
    const io = new FakeIo({ env })
    const waiting = memoryPlugin({ faults: [{ operation: 'createContainer', hang: true }] })
    const running = runCapstan(['run', '--rm', 'busybox'], { io, plugins: [waiting] })
    setImmediate(() => io.signals.emit('SIGINT'))
    expect(await running).toMatchObject({ exitCode: 130, stderr: '' })
  })
})
