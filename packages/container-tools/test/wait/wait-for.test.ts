import type { ContainerConfig, Runtime } from '@capstan/core'
import type { MemoryImage } from '@capstan/runtime-memory'
import { describe, expect, it } from 'vitest'
import {
  allOf,
  anyOf,
  commandSucceeds,
  healthy,
  httpAnswer,
  logLine,
  portOpen,
  type WaitStrategy,
  waitFor,
} from '../../src/index.js'
import { openMemory } from '../support/open-memory.js'

describe('waitFor', () => {
  it('resolves when the strategy does', async () => {
    await using opened = await openRunning(['sleep', '1000'])
    await waitFor(opened.runtime, opened.id, met)
  })

  it('rejects with WAIT_FAILED after the time limit, with the last problem, the state and the last lines', async () => {
    await using opened = await openRunning(['sh', '-c', 'echo one; echo two; sleep 1000'])
    const failed = waitFor(opened.runtime, opened.id, never, { timeoutMs: 200 })
    await expect(failed).rejects.toMatchObject({
      code: 'WAIT_FAILED',
      facts: {
        id: opened.id,
        awaited: 'never met',
        reason: 'the condition was not met within 0.2 s (no luck)',
        isTimeout: true,
        state: 'running',
        exitCode: undefined,
        lastLines: ['one', 'two'],
      },
    })
  })

  it('rejects at once when the container exits, with its exit code', async () => {
    await using opened = await openRunning(['sh', '-c', 'echo broken; exit 3'])
    await expect(waitFor(opened.runtime, opened.id, never)).rejects.toMatchObject({
      code: 'WAIT_FAILED',
      facts: { isTimeout: false, state: 'exited', exitCode: 3, lastLines: ['broken'] },
      message: `container "${opened.id}" did not become ready (never met): it exited with code 3 (no luck); the last line of its log is: broken`,
    })
  })

  it('rejects at once when the container has exited before', async () => {
    await using opened = await openRunning(['sh', '-c', 'exit 4'])
    await opened.runtime.waitContainer(opened.id)
    await expect(waitFor(opened.runtime, opened.id, never)).rejects.toMatchObject({ facts: { exitCode: 4 } })
  })

  it('rejects when a container that removes itself exits', async () => {
    await using opened = await openRunning(['sh', '-c', 'exit 5'], { autoRemove: true })
    const failed = waitFor(opened.runtime, opened.id, never)
    await expect(failed).rejects.toSatisfy(({ code }) => code === 'WAIT_FAILED' || code === 'CONTAINER_NOT_FOUND')
  })

  it('waits for a container that is started later', async () => {
    await using memory = await openMemory()
    const id = await memory.runtime.createContainer({
      image: 'busybox',
      command: ['sh', '-c', 'echo ready; sleep 1000'],
    })
    const waiting = waitFor(memory.runtime, id, logLine('ready'))
    await memory.runtime.startContainer(id)
    await waiting
  })

  it('does not reject while the engine restarts the container', async () => {
    await using opened = await openRunning(['sleep', '1000'])
    const states = ['restarting', 'running'] as const
    let waits = 0
    const restarting: Pick<Runtime, 'waitContainer' | 'containerState'> = {
      waitContainer: async () => {
        waits += 1
        return 1
      },
      containerState: async () => states[waits - 1] ?? 'exited',
    }
    const failed = waitFor(override(opened.runtime, restarting), opened.id, never)
    await expect(failed).rejects.toMatchObject({ code: 'WAIT_FAILED' })
    expect(waits).toBe(3)
  })

  it('polls the state where the runtime cannot wait for the container of another process', async () => {
    await using opened = await openRunning(['sh', '-c', 'exit 3'], {}, ['foreignContainers.exitCode'])
    await opened.runtime.waitContainer(opened.id)
    const other = await opened.reopen()
    const failed = waitFor(other, opened.id, never)
    await expect(failed).rejects.toMatchObject({ code: 'WAIT_FAILED', facts: { state: 'exited' } })
  })

  it('rejects with the reason of an abort', async () => {
    await using opened = await openRunning(['sleep', '1000'])
    const aborter = new AbortController()
    const waiting = waitFor(opened.runtime, opened.id, never, { signal: aborter.signal })
    const reason = new Error('enough')
    aborter.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    await expect(waitFor(opened.runtime, opened.id, met, { signal: aborter.signal })).rejects.toBe(reason)
  })

  it('rejects with WAIT_FAILED and the cause when the strategy rejects', async () => {
    await using opened = await openRunning(['sleep', '1000'])
    const cause = new Error('it is unhealthy')
    const failed = waitFor(opened.runtime, opened.id, { title: 'healthy', wait: () => Promise.reject(cause) })
    await expect(failed).rejects.toMatchObject({
      code: 'WAIT_FAILED',
      facts: { reason: 'it is unhealthy', isTimeout: false, state: 'running' },
      cause,
    })
  })

  it('rejects with CONTAINER_NOT_FOUND for a container that does not exist', async () => {
    await using memory = await openMemory()
    await expect(waitFor(memory.runtime, 'none', never)).rejects.toMatchObject({ code: 'CONTAINER_NOT_FOUND' })
  })

  it('rejects with INVALID_ARGUMENT for an invalid time limit', async () => {
    await using memory = await openMemory()
    const failed = waitFor(memory.runtime, 'none', met, { timeoutMs: Number.NaN })
    await expect(failed).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', facts: { field: 'timeoutMs' } })
  })
})

describe('logLine', () => {
  it.each([
    ['a text', 'ready'],
    ['an expression', /^server is re\w+$/],
    ['a global expression', /ready/g],
  ])('resolves when a line matches %s', async (_, pattern) => {
    await using opened = await openRunning(['sh', '-c', 'echo begun; echo server is ready; sleep 1000'])
    await waitFor(opened.runtime, opened.id, logLine(pattern))
  })

  it('counts the lines that match', async () => {
    await using opened = await openRunning(['sh', '-c', 'echo ready; echo ready; sleep 1000'])
    await waitFor(opened.runtime, opened.id, logLine('ready', { count: 2 }))
    const failed = waitFor(opened.runtime, opened.id, logLine('ready', { count: 3 }), { timeoutMs: 200 })
    await expect(failed).rejects.toMatchObject({ facts: { awaited: '3 log lines "ready"', isTimeout: true } })
  })

  it('reads only the streams of its options', async () => {
    await using opened = await openRunning(['sh', '-c', 'echo ready; sleep 1000'])
    const failed = waitFor(opened.runtime, opened.id, logLine('ready', { stdout: false }), { timeoutMs: 200 })
    await expect(failed).rejects.toMatchObject({ facts: { isTimeout: true } })
  })

  it('does not match parts of two lines', async () => {
    await using opened = await openRunning(['sh', '-c', 'echo rea; echo dy; exit 1'])
    const failed = waitFor(opened.runtime, opened.id, logLine('ready'))
    await expect(failed).rejects.toMatchObject({ facts: { exitCode: 1 } })
  })

  it.each([
    ['pattern', () => logLine(Object(1))],
    ['count', () => logLine('a', { count: 0 })],
    ['path', () => httpAnswer(80, { path: 'ready' })],
    ['path', () => httpAnswer(80, { path: '/a b' })],
    ['method', () => httpAnswer(80, { method: 'GET /' })],
  ])('throws INVALID_ARGUMENT for an invalid %s', (field, create) => {
    expect(create).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', facts: expect.objectContaining({ field }) }),
    )
  })
})

describe('portOpen', () => {
  it('resolves when the program listens on the published port', async () => {
    await using opened = await openServer({ listenAfterMs: 50 })
    await waitFor(opened.runtime, opened.id, portOpen(80))
  })

  it('rejects after the time limit when nothing listens', async () => {
    await using opened = await openServer({ listenAfterMs: 60_000 })
    const failed = waitFor(opened.runtime, opened.id, portOpen(80), { timeoutMs: 300 })
    await expect(failed).rejects.toMatchObject({
      code: 'WAIT_FAILED',
      facts: { awaited: 'port 80 open', reason: expect.stringContaining('127.0.0.1') },
    })
  })

  it('rejects with INVALID_ARGUMENT when the container does not publish the port', async () => {
    await using opened = await openServer({ listenAfterMs: 0 })
    const failed = waitFor(opened.runtime, opened.id, portOpen(81))
    await expect(failed).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      facts: { field: 'containerPort', given: '81' },
    })
  })

  it('connects to portHost of the runtime when the port is published on all addresses', async () => {
    await using opened = await openServer({ listenAfterMs: 0, hostAddress: '0.0.0.0' })
    await waitFor(override(opened.runtime, { portHost: 'localhost' }), opened.id, portOpen(80))
    const failed = waitFor(override(opened.runtime, { portHost: 'no-such-host.invalid' }), opened.id, portOpen(80), {
      timeoutMs: 300,
    })
    await expect(failed).rejects.toMatchObject({
      facts: { reason: expect.stringContaining('no-such-host.invalid') },
    })
  })

  it('rejects with INVALID_ARGUMENT for a loopback address of another machine, unless a host is given', async () => {
    await using opened = await openServer({ listenAfterMs: 0 })
    const remote = override(opened.runtime, { portHost: 'build.example' })
    for (const strategy of [portOpen(80), httpAnswer(80)]) {
      await expect(waitFor(remote, opened.id, strategy)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        facts: {
          field: 'host',
          expected: 'given, or the port published on an address of build.example that this machine reaches',
        },
      })
    }
    await waitFor(remote, opened.id, portOpen(80, { host: '127.0.0.1' }))
  })

  it('rejects with INVALID_ARGUMENT when the runtime does not know how its ports are reached', async () => {
    await using opened = await openServer({ listenAfterMs: 0, hostAddress: '0.0.0.0' })
    await expect(
      waitFor(override(opened.runtime, { portHost: undefined }), opened.id, portOpen(80)),
    ).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      facts: { field: 'host', expected: expect.stringContaining('which the runtime does not know') },
    })
  })

  it('throws INVALID_ARGUMENT for an invalid port', () => {
    expect(() => portOpen(0)).toThrow('containerPort must be an integer from 1 to 65535')
  })
})

describe('httpAnswer', () => {
  it('resolves when the server answers with a success', async () => {
    await using opened = await openServer({ listenAfterMs: 20, statuses: [503, 404, 204] })
    await waitFor(opened.runtime, opened.id, httpAnswer(80, { path: '/health' }))
    expect(opened.requests).toEqual(['GET /health', 'GET /health', 'GET /health'])
  })

  it.each([
    ['a status', 404],
    ['a function', (status: number) => status === 404],
  ])('accepts %s', async (_, status) => {
    await using opened = await openServer({ listenAfterMs: 0, statuses: [200, 404] })
    await waitFor(opened.runtime, opened.id, httpAnswer(80, { status, method: 'HEAD' }))
    expect(opened.requests).toEqual(['HEAD /', 'HEAD /'])
  })

  it('rejects after the time limit with the last status', async () => {
    await using opened = await openServer({ listenAfterMs: 0, statuses: [503] })
    const failed = waitFor(opened.runtime, opened.id, httpAnswer(80), { timeoutMs: 300 })
    await expect(failed).rejects.toMatchObject({ facts: { reason: expect.stringContaining('status 503') } })
  })
})

describe('commandSucceeds', () => {
  it('resolves when the command exits with 0', async () => {
    await using opened = await openRunning(['sh', '-c', 'sleep 0.1; echo x > /tmp/ready; sleep 1000'])
    await waitFor(opened.runtime, opened.id, commandSucceeds(opened.execs, ['cat', '/tmp/ready']))
  })

  it('waits for a container that is started later', async () => {
    await using memory = await openMemory()
    const id = await memory.runtime.createContainer({ image: 'busybox', command: ['sleep', '1000'] })
    const waiting = waitFor(memory.runtime, id, commandSucceeds(memory.execs, ['true']))
    await memory.runtime.startContainer(id)
    await waiting
  })

  it('rejects after the time limit with the exit code and the last line of the command', async () => {
    await using opened = await openRunning(['sleep', '1000'])
    const strategy = commandSucceeds(opened.execs, ['sh', '-c', 'echo not yet; exit 7'])
    await expect(waitFor(opened.runtime, opened.id, strategy, { timeoutMs: 300 })).rejects.toMatchObject({
      facts: { reason: expect.stringContaining('it exited with 7: not yet') },
    })
  })

  it('accepts another exit code', async () => {
    await using opened = await openRunning(['sleep', '1000'])
    const strategy = commandSucceeds(opened.execs, ['sh', '-c', 'exit 7'], { exitCode: 7 })
    await waitFor(opened.runtime, opened.id, strategy)
  })
})

describe('healthy', () => {
  const check = (command: string) => ({ command: ['sh', '-c', command], intervalMs: 20, retries: 2 })

  it('resolves when the health check succeeds', async () => {
    await using opened = await openRunning(['sh', '-c', 'sleep 0.1; echo x > /tmp/ready; sleep 1000'], {
      healthcheck: { ...check('cat /tmp/ready'), startPeriodMs: 60_000 },
    })
    await waitFor(opened.runtime, opened.id, healthy())
  })

  it('rejects when the health check reports that the container is unhealthy', async () => {
    await using opened = await openRunning(['sleep', '1000'], { healthcheck: check('exit 1') })
    const failed = waitFor(opened.runtime, opened.id, healthy())
    await expect(failed).rejects.toMatchObject({
      code: 'WAIT_FAILED',
      facts: { awaited: 'healthy', state: 'running', reason: expect.stringContaining('unhealthy') },
    })
  })

  it('rejects when the container has no health check', async () => {
    await using opened = await openRunning(['sleep', '1000'])
    const failed = waitFor(opened.runtime, opened.id, healthy())
    await expect(failed).rejects.toMatchObject({ facts: { reason: expect.stringContaining('no health check') } })
  })
})

describe('allOf and anyOf', () => {
  it('allOf resolves when all are met', async () => {
    await using opened = await openRunning(['sh', '-c', 'echo one; echo two; sleep 1000'])
    await waitFor(opened.runtime, opened.id, allOf(logLine('one'), logLine('two')))
    const failed = waitFor(opened.runtime, opened.id, allOf(logLine('one'), never), { timeoutMs: 200 })
    await expect(failed).rejects.toMatchObject({
      facts: { awaited: 'log line "one" and never met', reason: expect.stringContaining('never met: no luck') },
    })
  })

  it('anyOf resolves when one is met, and ends the others', async () => {
    await using opened = await openRunning(['sh', '-c', 'echo one; sleep 1000'])
    const signals: AbortSignal[] = []
    const observed: WaitStrategy = {
      title: 'observed',
      wait: (context) => {
        signals.push(context.signal)
        return never.wait(context)
      },
    }
    await waitFor(opened.runtime, opened.id, anyOf(observed, logLine('one'), failing))
    expect(signals.map(({ aborted }) => aborted)).toEqual([true])
  })

  it('anyOf rejects when all reject, and allOf when one does', async () => {
    await using opened = await openRunning(['sleep', '1000'])
    for (const strategy of [anyOf(failing, failing), allOf(never, failing)]) {
      const failed = waitFor(opened.runtime, opened.id, strategy)
      await expect(failed).rejects.toMatchObject({ facts: { reason: expect.stringContaining('impossible') } })
    }
  })
})

const met: WaitStrategy = { title: 'met', wait: async () => {} }
const failing: WaitStrategy = { title: 'failing', wait: () => Promise.reject(new Error('impossible')) }
const never: WaitStrategy = {
  title: 'never met',
  wait: ({ signal, onProblem }) => {
    onProblem('no luck')
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  },
}

/** Opens a simulation with a running container. */
async function openRunning(
  command: readonly string[],
  config: Partial<ContainerConfig> = {},
  unsupportedOptions: readonly 'foreignContainers.exitCode'[] = [],
) {
  const memory = await openMemory({ unsupportedOptions })
  const id = await memory.runtime.createContainer({ image: 'busybox', command, ...config })
  await memory.runtime.startContainer(id)
  return { ...memory, id }
}

/** Opens a simulation with a container whose server answers with each status once, and then with the last one. */
async function openServer({
  listenAfterMs,
  statuses = [200],
  hostAddress = '127.0.0.1',
}: {
  listenAfterMs: number
  statuses?: readonly number[]
  hostAddress?: string
}) {
  const requests: string[] = []
  const image: MemoryImage = {
    main: async ({ listen, signal }) => {
      const timer = setTimeout(() => {
        listen(80, (connection) => {
          connection.on('error', () => {})
          connection.once('data', (head: Buffer) => {
            requests.push(head.toString().split(' HTTP', 1)[0] ?? '')
            const status = statuses[Math.min(requests.length, statuses.length) - 1]
            connection.end(`HTTP/1.1 ${status} Status\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)
          })
        })
      }, listenAfterMs)
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      clearTimeout(timer)
      return 0
    },
  }
  const memory = await openMemory({ images: { server: image } })
  const id = await memory.runtime.createContainer({ image: 'server', ports: [{ containerPort: 80, hostAddress }] })
  await memory.runtime.startContainer(id)
  return {
    ...memory,
    id,
    requests,
    [Symbol.asyncDispose]: async () => {
      await memory.runtime.removeContainer(id)
      await memory[Symbol.asyncDispose]()
    },
  }
}

/** Returns a runtime whose methods are those of `parts`, else those of `runtime`. */
function override(runtime: Runtime, parts: Partial<Runtime>): Runtime {
  return new Proxy(runtime, {
    get: (target, property) => {
      const own: unknown = Reflect.get(parts, property)
      const value: unknown = property in parts ? own : Reflect.get(target, property)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
