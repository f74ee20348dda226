import { describe, expect, it } from 'vitest'
import { runToEnd } from '../support/collect.js'
import { listObjects, noObjects, openMemory } from '../support/open-memory.js'

describe('the lifecycle of a container', () => {
  it('changes from created to running to exited, with an id of 64 digits', async () => {
    await using memory = await openMemory()
    const { runtime } = memory
    const id = await runtime.createContainer({ image: 'busybox', name: 'box', command: ['sh', '-c', 'exit 7'] })
    expect(id).toMatch(/^[0-9a-f]{64}$/)
    expect(await runtime.containerState(id)).toBe('created')
    const waiting = runtime.waitContainer(id)
    await runtime.startContainer(id)
    expect(await waiting).toBe(7)
    expect(await runtime.containerState(id)).toBe('exited')
    expect(await runtime.waitContainer(id)).toBe(7)
    await runtime.removeContainer(id)
    await expect(runtime.containerState(id)).rejects.toMatchObject({ code: 'CONTAINER_NOT_FOUND', facts: { id } })
  })

  it('is found by id, name, and a prefix of its id', async () => {
    await using memory = await openMemory()
    const id = await memory.runtime.createContainer({ image: 'busybox', name: 'box' })
    for (const known of [id, 'box', id.slice(0, 12)]) expect(await memory.runtime.containerState(known)).toBe('created')
  })

  it('is listed when stopped, with the labels of caller and owner, filtered by label', async () => {
    await using memory = await openMemory()
    const { runtime } = memory
    const id = await runtime.createContainer({ image: 'busybox', name: 'a', labels: { role: 'x' } })
    await runtime.createContainer({ image: 'busybox', name: 'b' })
    const [found, ...others] = await runtime.listContainers({ labels: { role: 'x' } })
    expect(others).toEqual([])
    expect(found).toMatchObject({ id, name: 'a', image: 'busybox', state: 'created', createdAt: expect.any(Date) })
    expect(found?.labels).toMatchObject({ role: 'x', 'capstan.owner.pid': String(process.pid) })
    expect(await runtime.listContainers()).toHaveLength(2)
  })

  it('can be started, stopped and removed twice', async () => {
    await using memory = await openMemory()
    const { runtime } = memory
    const id = await runtime.createContainer({ image: 'busybox', command: ['sleep', '100'] })
    await Promise.all([runtime.startContainer(id), runtime.startContainer(id)])
    await runtime.startContainer(id)
    await Promise.all([runtime.stopContainer(id), runtime.stopContainer(id)])
    await runtime.stopContainer(id)
    await runtime.removeContainer(id)
    await runtime.removeContainer(id)
    await runtime.stopContainer(id)
  })

  it('can be removed by two calls at once while it runs', async () => {
    await using memory = await openMemory()
    const { runtime } = memory
    const id = await runtime.createContainer({ image: 'busybox', command: ['sleep', '100'] })
    await runtime.startContainer(id)
    const waiting = runtime.waitContainer(id)
    await Promise.all([runtime.removeContainer(id), runtime.removeContainer(id)])
    expect(await waiting).toBe(137)
    expect(await listObjects(memory)).toEqual(noObjects)
  })

  it('rejects with NAME_CONFLICT and the holder, which is unchanged, for a name that exists', async () => {
    await using memory = await openMemory()
    const { runtime } = memory
    const holderId = await runtime.createContainer({ image: 'busybox', name: 'box' })
    const again = runtime.createContainer({ image: 'busybox', name: 'box' })
    await expect(again).rejects.toMatchObject({
      code: 'NAME_CONFLICT',
      facts: { name: 'box', holderId, sameOwner: true },
    })
    expect(await runtime.containerState(holderId)).toBe('created')
    await runtime.removeContainer(holderId)
    await runtime.createContainer({ image: 'busybox', name: 'box' })
  })

  it('pulls a missing image, or rejects with the reason', async () => {
    await using memory = await openMemory({ pullable: { 'app:1': { main: async () => 3 } } })
    const { runtime } = memory
    const progress: string[] = []
    const onProgress = ({ id }: { readonly id: string }) => void progress.push(id)
    const id = await runtime.createContainer({ image: 'app:1', autoRemove: true }, { onProgress })
    expect(new Set(progress)).toEqual(new Set(['app:1']))
    expect(await runtime.startAttached(id, {})).toBe(3)
    await expect(runtime.createContainer({ image: 'none' })).rejects.toMatchObject({
      code: 'IMAGE_PULL_FAILED',
      facts: { image: 'none' },
    })
    await expect(runtime.createContainer({ image: 'none', pull: 'never' })).rejects.toMatchObject({
      code: 'IMAGE_NOT_FOUND',
    })
    expect((await listObjects(memory)).containers).toEqual([])
  })

  it('rejects pending waits with EXIT_CODE_UNKNOWN when it is removed before it ran', async () => {
    await using memory = await openMemory()
    const id = await memory.runtime.createContainer({ image: 'busybox' })
    const waiting = memory.runtime.waitContainer(id)
    await memory.runtime.removeContainer(id)
    await expect(waiting).rejects.toMatchObject({ code: 'EXIT_CODE_UNKNOWN', facts: { id } })
    await expect(memory.runtime.waitContainer(id)).rejects.toMatchObject({ code: 'CONTAINER_NOT_FOUND' })
  })

  it('can be started and waited for again', async () => {
    let runs = 0
    await using memory = await openMemory({ images: { counter: { main: async () => (runs += 1) } } })
    const { runtime } = memory
    const id = await runtime.createContainer({ image: 'counter' })
    for (const expected of [1, 2]) {
      await runtime.startContainer(id)
      expect(await runtime.waitContainer(id)).toBe(expected)
    }
  })

  it('removes itself with autoRemove and keeps its exit code for pending waits', async () => {
    await using memory = await openMemory()
    const { runtime } = memory
    for (let round = 0; round < 100; round += 1) {
      const id = await runtime.createContainer({ image: 'busybox', command: ['sh', '-c', 'exit 5'], autoRemove: true })
      const waiting = runtime.waitContainer(id)
      await runtime.startContainer(id)
      expect(await waiting).toBe(5)
    }
    expect(await listObjects(memory)).toEqual(noObjects)
  })

  it('runs fifty times in parallel', async () => {
    await using memory = await openMemory()
    const { signal } = new AbortController()
    const runs = Array.from({ length: 50 }, async (_, index) => {
      const id = await memory.runtime.createContainer(
        { image: 'busybox', command: ['echo', String(index)] },
        { signal },
      )
      await memory.runtime.startContainer(id, { signal })
      const code = await memory.runtime.waitContainer(id, { signal })
      const text = Buffer.from(await memory.runtime.containerLogsAll(id, { signal })).toString()
      await memory.runtime.removeContainer(id, { signal })
      return [code, text]
    })
    expect(await Promise.all(runs)).toEqual(Array.from({ length: 50 }, (_, index) => [0, `${index}\n`]))
    expect(await listObjects(memory)).toEqual(noObjects)
  })
})

describe('the command line', () => {
  it('uses entrypoint and command of the image unless the container has its own', async () => {
    await using memory = await openMemory()
    const { builder, runtime } = memory
    await builder.buildImage('FROM busybox\nENTRYPOINT ["echo", "image"]\nCMD ["command"]', 'app')
    expect((await runToEnd(runtime, { image: 'app' })).stdout).toBe('image command\n')
    expect((await runToEnd(runtime, { image: 'app', command: ['own'] })).stdout).toBe('image own\n')
    expect((await runToEnd(runtime, { image: 'app', entrypoint: ['echo', 'mine'] })).stdout).toBe('mine\n')
  })

  it('runs the main program of an image unless it names a command of the image', async () => {
    await using memory = await openMemory({
      images: {
        app: {
          main: async ({ argv, stdout }) => Number(!stdout.write(`main ${argv.join(' ')}\n`)),
          commands: { tool: async ({ stdout }) => Number(!stdout.write('tool\n')) },
        },
      },
    })
    const { runtime } = memory
    expect((await runToEnd(runtime, { image: 'app' })).stdout).toBe('main \n')
    expect((await runToEnd(runtime, { image: 'app', command: ['--flag'] })).stdout).toBe('main --flag\n')
    expect((await runToEnd(runtime, { image: 'app', command: ['/bin/tool'] })).stdout).toBe('tool\n')
  })

  it.each([
    ['127 for a command that the image does not have', ['/none'], 127],
    ['126 for a file that is not executable', ['/etc/passwd'], 126],
  ])('does not start with %s', async (_, command, exitCode) => {
    await using memory = await openMemory()
    const id = await memory.runtime.createContainer({ image: 'busybox', command })
    await expect(memory.runtime.startContainer(id)).rejects.toMatchObject({
      code: 'COMMAND_NOT_STARTED',
      facts: { id, command, exitCode },
    })
    expect(await memory.runtime.containerState(id)).toBe('created')
  })

  it('sets environment, user, working directory and host name of the process', async () => {
    await using memory = await openMemory({
      images: { app: { main: async () => 0, env: { A: '1', B: '1' }, user: 'nobody' } },
    })
    const seen = await memory.runtime.createContainer({ image: 'app', env: { B: '2' } })
    await memory.runtime.removeContainer(seen)
    const config = {
      image: 'busybox',
      env: { B: '2' },
      user: '7:8',
      workingDirectory: '/w',
      hostname: 'h',
      groupAdd: ['9'],
    }
    const script = 'echo $B $HOSTNAME $PATH; id -u; id -G; pwd; hostname; echo $HOME'
    const { stdout } = await runToEnd(memory.runtime, { ...config, command: ['sh', '-c', script] })
    expect(stdout).toBe('2 h /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n7\n8 9\n/w\nh\n/root\n')
  })
})

describe('stopContainer', () => {
  const untilSignal = 'echo ready; sleep 100'

  it.each([
    ['143 for a program without a handler for SIGTERM', untilSignal, 143],
    ['the exit code of its trap', `trap 'exit 3' TERM; ${untilSignal}`, 3],
    ['137 after the grace period for a program that ignores SIGTERM', `trap '' TERM; ${untilSignal}`, 137],
  ])('ends with %s', async (_, script, exitCode) => {
    await using memory = await openMemory()
    const { runtime } = memory
    const id = await runtime.createContainer({ image: 'busybox', command: ['sh', '-c', script] })
    await runtime.startContainer(id)
    for await (const _chunk of await runtime.containerLogs(id, { follow: true })) break
    await runtime.stopContainer(id, { graceMs: 20 })
    expect(await runtime.waitContainer(id)).toBe(exitCode)
  })

  it('ends with 137 at once with a grace period of 0', async () => {
    await using memory = await openMemory()
    const id = await memory.runtime.createContainer({ image: 'busybox', command: ['sleep', '100'] })
    await memory.runtime.startContainer(id)
    await memory.runtime.stopContainer(id, { graceMs: 0 })
    expect(await memory.runtime.waitContainer(id)).toBe(137)
  })

  it('sends the configured stop signal to the program', async () => {
    const seen: unknown[] = []
    const main = async ({
      signal,
      stdout,
    }: {
      readonly signal: AbortSignal
      readonly stdout: NodeJS.WritableStream
    }) => {
      stdout.write('ready\n')
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
      seen.push(signal.reason)
      return 0
    }
    await using memory = await openMemory({ images: { app: { main } } })
    const id = await memory.runtime.createContainer({ image: 'app', stopSignal: 'SIGINT' })
    await memory.runtime.startContainer(id)
    for await (const _chunk of await memory.runtime.containerLogs(id, { follow: true })) break
    await memory.runtime.stopContainer(id)
    expect(await memory.runtime.waitContainer(id)).toBe(0)
    expect(seen).toMatchObject([{ signal: 'SIGINT' }])
  })

  it('ends a program that ignores the signal, and discards its later output', async () => {
    let write: () => void = () => {}
    const main = (process: { readonly stdout: NodeJS.WritableStream }) => {
      process.stdout.write('ready\n')
      write = () => void process.stdout.write('late\n')
      return new Promise<number>(() => {})
    }
    await using memory = await openMemory({ images: { app: { main } } })
    const id = await memory.runtime.createContainer({ image: 'app' })
    await memory.runtime.startContainer(id)
    await memory.runtime.stopContainer(id, { graceMs: 0 })
    write()
    expect(await memory.runtime.waitContainer(id)).toBe(137)
    expect(Buffer.from(await memory.runtime.containerLogsAll(id)).toString()).toBe('ready\n')
  })

  it('rejects with the reason of an aborted signal while it waits for the container', async () => {
    await using memory = await openMemory()
    const id = await memory.runtime.createContainer({
      image: 'busybox',
      command: ['sh', '-c', `trap '' TERM; ${untilSignal}`],
    })
    await memory.runtime.startContainer(id)
    const abort = new AbortController()
    const stopping = memory.runtime.stopContainer(id, { signal: abort.signal })
    abort.abort(new Error('enough'))
    await expect(stopping).rejects.toThrow('enough')
    await memory.runtime.removeContainer(id)
  })
})

describe('a program', () => {
  it('ends with 1 when it throws, with the message on stderr', async () => {
    const main = async () => {
      throw new Error('broken')
    }
    await using memory = await openMemory({ images: { app: { main } } })
    expect(await runToEnd(memory.runtime, { image: 'app' })).toEqual({ exitCode: 1, stdout: '', stderr: 'broken\n' })
  })

  it.each([
    [256 + 7, 7],
    [-1, 255],
    [Number.NaN, 1],
  ])('ends with %d, which becomes exit code %d', async (given, kept) => {
    await using memory = await openMemory({ images: { app: { main: async () => given } } })
    expect((await runToEnd(memory.runtime, { image: 'app' })).exitCode).toBe(kept)
  })
})

describe('invalid input', () => {
  it.each([
    ['name', { name: '-x' }],
    ['name', { name: 'a\nb' }],
    ['image', { image: '' }],
    ['ports[0].containerPort', { ports: [{ containerPort: 65_536 }] }],
    ['memoryBytes', { memoryBytes: -1 }],
    ['stopSignal', { stopSignal: 'SIGNONE' }],
    ['ports', { ports: [{ containerPort: 80 }], network: { mode: 'none' as const } }],
  ])('is rejected with the path of the field: %s', async (field, config) => {
    await using memory = await openMemory()
    await expect(memory.runtime.createContainer({ image: 'busybox', ...config })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      facts: { field },
    })
    expect(await listObjects(memory)).toEqual(noObjects)
  })
})
