import { PassThrough, Readable, Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { collectOutput, createSleeper } from '../collect-output.js'
import { route } from '../fake/fake-routes.js'
import { frame } from '../fake/frames.js'
import { startRuntime } from '../start-runtime.js'

const image = 'busybox:1'

describe('attach', () => {
  async function startAttachable(config: Readonly<Record<string, unknown>> = {}) {
    const started = await startRuntime()
    const container = started.fake.state.createContainer('c', config)
    container.status = 'running'
    const isAttached = () => expect.poll(() => container.attached.size).toBe(1)
    return { ...started, container, isAttached }
  }

  test('accepts a call without options', async () => {
    const { runtime, container, isAttached } = await startAttachable()
    const attached = runtime.attach(container.id)
    await isAttached()
    container.write(1, 'unheard')
    container.exit(0)
    await attached
    await expect(runtime.attach(container.id)).rejects.toMatchObject({ code: 'NOT_RUNNING' })
  })

  test('copies both outputs until they end, and does not end the streams of the caller', async () => {
    const { runtime, container, isAttached } = await startAttachable()
    const [stdout, stderr] = [collectOutput(), collectOutput()]
    const attached = runtime.attach(container.id, { stdout: stdout.stream, stderr: stderr.stream })
    await isAttached()
    container.write(1, 'out')
    container.write(2, 'err')
    container.exit(0)
    await attached
    expect([stdout.text(), stderr.text()]).toEqual(['out', 'err'])
    expect([stdout.stream.writableEnded, stdout.stream.destroyed]).toEqual([false, false])
    expect(stdout.stream.listenerCount('error')).toBe(0)
  })

  test('reads the output of a terminal to its end after the end of stdin', async () => {
    const { runtime, container } = await startAttachable({ Tty: true, Cmd: ['cat'] })
    const stdout = collectOutput()
    const attached = runtime.attach(container.id, { stdin: Readable.from(['one']), stdout: stdout.stream })
    await attached
    expect(stdout.text()).toBe('onethe end')
  })

  test('resolves only when the output has processed the last byte, whatever its buffer size', async () => {
    const { runtime, container, isAttached } = await startAttachable()
    let text = ''
    const stdout = new Writable({
      highWaterMark: 1_000_000,
      write(chunk: Buffer, _encoding, done) {
        setTimeout(() => {
          text += chunk.toString()
          done()
        }, 20)
      },
    })
    const attached = runtime.attach(container.id, { stdout })
    await isAttached()
    container.write(1, 'one ')
    container.write(1, 'two')
    container.exit(0)
    await attached
    expect(text).toBe('one two')
  })

  test.each([
    ["the engine's own error", frame(3, 'gone'), 'OPERATION_FAILED'],
    ['an invalid frame', Buffer.from('no frame'), 'PROTOCOL_ERROR'],
  ])('gives a slow output the data before %s, then rejects', async (_, fault, code) => {
    const { runtime, container, isAttached } = await startAttachable()
    let length = 0
    const stdout = new Writable({
      highWaterMark: 1_000_000,
      write(chunk: Buffer, _encoding, done) {
        setTimeout(() => {
          length += chunk.length
          done()
        }, 5)
      },
    })
    const attached = runtime.attach(container.id, { stdout })
    await isAttached()
    const [socket] = container.attached
    socket?.write(Buffer.concat([frame(1, 'a'.repeat(100)), frame(1, 'b'.repeat(100)), fault]))
    await expect(attached).rejects.toMatchObject({ code })
    expect(length).toBe(200)
  })

  test('rejects when the last write to an output fails, also when its error event is late', async () => {
    const { runtime, container, isAttached } = await startAttachable()
    const failure = new Error('no space left')
    let close: () => void = () => {}
    const stdout = new Writable({
      write: (_chunk, _encoding, done) => void setImmediate(done, failure),
      destroy(error, done) {
        close = () => done(error) // as a file does, which is closed first
      },
    })
    const attached = runtime.attach(container.id, { stdout })
    await isAttached()
    container.write(1, 'x')
    container.exit(0)
    const reason = 'the stream for the output has failed: no space left'
    await expect(attached).rejects.toMatchObject({ code: 'OPERATION_FAILED', facts: { reason } })
    expect(stdout.closed).toBe(false)
    const closed = new Promise((resolve) => stdout.once('close', resolve))
    close() // the error has no other listener, and must not end the process
    await closed
    expect(stdout.listenerCount('error')).toBe(0)
  })

  test.each(['created', 'exited', 'paused'] as const)(
    'rejects with NOT_RUNNING and the state for a container that is %s',
    async (status) => {
      const { runtime, container } = await startAttachable()
      container.status = status
      await expect(runtime.attach(container.id, {})).rejects.toMatchObject({
        code: 'NOT_RUNNING',
        facts: { state: status },
      })
    },
  )

  test('requests the streams that it was given, and detach keys that cannot be typed', async () => {
    const { fake, runtime, container, isAttached } = await startAttachable()
    const attached = runtime.attach(container.id, { stdout: collectOutput().stream })
    await isAttached()
    container.exit(0)
    await attached
    const { rawPath } = fake.requests.find(({ path }) => path.endsWith('/attach')) ?? {}
    expect(rawPath).toMatch(/attach\?stream=1&stdout=1&detachKeys=(%FF,){7}%FF$/)
  })

  test('copies the output of a terminal unchanged to stdout', async () => {
    const { runtime, container, isAttached } = await startAttachable({ Tty: true })
    const [stdout, stderr] = [collectOutput(), collectOutput()]
    const size = { height: 10, width: 20 }
    const attached = runtime.attach(container.id, { stdout: stdout.stream, stderr: stderr.stream, initialSize: size })
    await isAttached()
    await expect.poll(() => container.size).toBe('10x20')
    container.write(1, frame(2, 'not a frame here'))
    container.exit(0)
    await attached
    expect(stdout.text()).toBe(frame(2, 'not a frame here').toString())
    expect(stderr.text()).toBe('')
  })

  test('rejects with the reason of an abort, closes the connection, and does not stop the container', async () => {
    const { fake, runtime, container, isAttached } = await startAttachable()
    const controller = new AbortController()
    const stdin = new PassThrough()
    const attached = runtime.attach(container.id, { stdin, stdout: collectOutput().stream, signal: controller.signal })
    await isAttached()
    controller.abort('enough')
    await expect(attached).rejects.toBe('enough')
    expect(container.status).toBe('running')
    expect([stdin.destroyed, stdin.listenerCount('data'), stdin.isPaused()]).toEqual([false, 0, true])
    for (const socket of container.attached) socket.destroy()
    await expect.poll(() => fake.sockets.size).toBeLessThan(2)
  })

  test('rejects at an abort while the output waits for a slow reader', async () => {
    const { runtime, container, isAttached } = await startAttachable()
    const controller = new AbortController()
    const sleeper = createSleeper()
    const attached = runtime.attach(container.id, { stdout: sleeper.stream, signal: controller.signal })
    await isAttached()
    container.write(1, Buffer.alloc(1_000_000))
    await expect.poll(() => sleeper.stream.writableNeedDrain).toBe(true)
    controller.abort('enough')
    await expect(attached).rejects.toBe('enough')
  })

  test('closes the connection when the size cannot be set because the engine stopped', async () => {
    const { fake, runtime, container } = await startAttachable({ Tty: true })
    fake.override('POST /containers/*/resize', (reply) => reply.destroy())
    const attached = runtime.attach(container.id, { initialSize: { height: 1, width: 1 } })
    await expect(attached).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
    await expect.poll(() => [...container.attached].every((socket) => socket.readableEnded)).toBe(true)
    expect(container.attached.size).toBe(1)
  })

  test('rejects with CONNECTION_LOST when the engine stops', async () => {
    const { fake, runtime, container, isAttached } = await startAttachable()
    const attached = runtime.attach(container.id, { stdout: collectOutput().stream })
    await isAttached()
    await fake.die()
    await expect(attached).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
  })

  test('rejects with CONNECTION_LOST when the output ends while the container runs', async () => {
    const { runtime, container, isAttached } = await startAttachable()
    const attached = runtime.attach(container.id, { stdout: collectOutput().stream })
    await isAttached()
    for (const socket of container.attached) socket.end()
    await expect(attached).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
  })

  test('rejects with OPERATION_FAILED and the text of an error frame of the engine', async () => {
    const { runtime, container, isAttached } = await startAttachable()
    const attached = runtime.attach(container.id, { stdout: collectOutput().stream })
    await isAttached()
    container.write(3, 'stream broke')
    await expect(attached).rejects.toMatchObject({ code: 'OPERATION_FAILED', facts: { reason: 'stream broke' } })
  })

  test('rejects when a stream of the caller fails, without an uncaught error', async () => {
    const { runtime, container, isAttached } = await startAttachable()
    const stdout = new Writable({ write: (_chunk, _encoding, done) => done(new Error('pipe is closed')) })
    const attached = runtime.attach(container.id, { stdout })
    await isAttached()
    container.write(1, 'a')
    await expect.poll(() => stdout.destroyed).toBe(true)
    container.write(1, 'b')
    await expect(attached).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      facts: { reason: expect.stringContaining('pipe is closed') },
    })
  })

  test.each(['attach', 'startAttached'] as const)(
    'does not wait for a slow output when the runtime is closed: %s',
    async (method) => {
      const { fake, runtime } = await startRuntime()
      const container = fake.state.createContainer('c', { Cmd: ['sleep'] })
      if (method === 'attach') container.start()
      const sleeper = createSleeper()
      const running = runtime[method](container.id, { stdout: sleeper.stream })
      await expect.poll(() => container.attached.size === 1 && container.status).toBe('running')
      container.write(1, Buffer.alloc(64 * 1024))
      await expect.poll(() => sleeper.received()).toBeGreaterThan(0)
      const closed = runtime.close()
      await expect(running).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
      await closed
      expect(sleeper.stream.listenerCount('error')).toBe(0)
    },
  )

  test('applies back-pressure to the engine for a slow reader, and loses no data', async () => {
    const { runtime, container, isAttached } = await startAttachable()
    const sleeper = createSleeper()
    const attached = runtime.attach(container.id, { stdout: sleeper.stream })
    await isAttached()
    const [socket] = container.attached
    const payload = Buffer.alloc(64 * 1024)
    let sent = 0
    const send = () => {
      while (sent < 256) {
        sent += 1
        if (!socket?.write(frame(1, payload))) return void socket?.once('drain', send)
      }
      container.exit(0)
    }
    send()
    let before = -1
    const isHeldUp = () => {
      const isSame = before === sent
      before = sent
      return isSame
    }
    await expect.poll(isHeldUp, { interval: 100 }).toBe(true)
    expect(sent).toBeLessThan(64) // 4 MB of 16
    sleeper.wake()
    await attached
    expect(sleeper.received()).toBe(256 * payload.length)
  })
})

describe('startAttached', () => {
  test('attaches and opens the wait before the start, and resolves with the exit code after all output', async () => {
    const { fake, runtime } = await startRuntime()
    const id = await runtime.createContainer({ image, command: ['echo', 'hi'] })
    const stdout = collectOutput()
    fake.requests.length = 0
    expect(await runtime.startAttached(id, { stdout: stdout.stream })).toBe(0)
    expect(stdout.text()).toBe('hi\n')
    expect(fake.log().map((line) => line.split('/').at(-1))).toEqual(['json', 'attach', 'wait', 'start', 'json'])
  })

  test.each([
    [true, 'removed'],
    [false, 'next-exit'],
  ])('waits with autoRemove %s for "%s"', async (autoRemove, condition) => {
    const { fake, runtime } = await startRuntime()
    const id = await runtime.createContainer({ image, command: ['exit', '7'], autoRemove })
    expect(await runtime.startAttached(id)).toBe(7)
    expect(fake.requests.find(({ path }) => path.endsWith('/wait'))?.query.get('condition')).toBe(condition)
    expect(fake.state.containers.size).toBe(autoRemove ? 0 : 1)
  })

  test('half-closes at the end of stdin, and resolves after the remaining output', async () => {
    const { runtime } = await startRuntime()
    const id = await runtime.createContainer({ image, command: ['cat'], interactive: true })
    const stdout = collectOutput()
    const stdin = Readable.from([Buffer.alloc(100_000, 'a'), Buffer.from('end')])
    expect(await runtime.startAttached(id, { stdin, stdout: stdout.stream })).toBe(0)
    expect([stdout.text().length, stdout.text().slice(-4)]).toEqual([100_003, 'aend'])
  })

  test('ends the input for a stdin that had already ended', async () => {
    const { runtime } = await startRuntime()
    const id = await runtime.createContainer({ image, command: ['cat'], interactive: true })
    const stdin = Readable.from([])
    stdin.resume()
    await new Promise((resolve) => stdin.once('end', resolve))
    expect(await runtime.startAttached(id, { stdin })).toBe(0)
  })

  test.each([true, false])(
    'rejects with the error of stdin and stops the container (error before the start: %s)',
    async (before) => {
      const { fake, runtime } = await startRuntime()
      const container = fake.state.createContainer('c', { Cmd: ['cat'] })
      const stdin = new PassThrough()
      const fail = () => new Promise((resolve) => stdin.once('error', resolve).destroy(new Error('the disk is gone')))
      if (before) await fail()
      else stdin.write('the begin')
      const running = runtime.startAttached(container.id, { stdin })
      if (!before)
        void expect
          .poll(() => container.log)
          .toHaveLength(1)
          .then(fail)
      const reason = 'the stream for the input has failed: the disk is gone'
      await expect(running).rejects.toMatchObject({ code: 'OPERATION_FAILED', facts: { reason }, undoFailures: [] })
      expect(container.status).not.toBe('running')
    },
  )

  test.each([
    ['whole lines', 'a\nb\n', 'a\nb\nthe end'],
    ['a line without line end', 'a\nb', 'a\nbthe end'],
    ['nothing', '', 'the end'],
  ])('reads the output of a terminal to its end after the end of a stdin of %s', async (_, text, output) => {
    const { runtime } = await startRuntime()
    const id = await runtime.createContainer({ image, command: ['cat'], interactive: true, tty: true })
    const stdout = collectOutput()
    expect(await runtime.startAttached(id, { stdin: Readable.from([Buffer.from(text)]), stdout: stdout.stream })).toBe(
      0,
    )
    expect(stdout.text()).toBe(output)
  })

  test('ends the input of a terminal whose stdin had ended before', async () => {
    const { runtime } = await startRuntime()
    const id = await runtime.createContainer({ image, command: ['cat'], interactive: true, tty: true })
    const stdin = Readable.from([])
    stdin.resume()
    await new Promise((resolve) => stdin.once('end', resolve))
    const stdout = collectOutput()
    expect(await runtime.startAttached(id, { stdin, stdout: stdout.stream })).toBe(0)
    expect(stdout.text()).toBe('the end')
  })

  test('rejects with CONNECTION_LOST when the output of a terminal is incomplete after the end of stdin', async () => {
    const { fake, runtime } = await startRuntime()
    const container = fake.state.createContainer('c', { Cmd: ['sleep'], Tty: true })
    const running = runtime.startAttached(container.id, { stdin: Readable.from(['x']) })
    await expect.poll(() => container.status).toBe('running')
    for (const socket of container.attached) socket.end()
    await expect(running).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
  })

  test('resolves with the exit code of a process that exits during a write to its stdin', async () => {
    const { runtime } = await startRuntime()
    const id = await runtime.createContainer({ image, command: ['exit', '3'], interactive: true })
    const stdin = new Readable({ read() {} })
    const writing = setInterval(() => stdin.push(Buffer.alloc(10_000)), 1)
    try {
      expect(await runtime.startAttached(id, { stdin })).toBe(3)
    } finally {
      clearInterval(writing)
    }
    expect(stdin.destroyed).toBe(false)
  })

  test('applies the stored size after the start', async () => {
    const { fake, runtime } = await startRuntime()
    const id = await runtime.createContainer({ image, command: ['sleep'], tty: true })
    await runtime.resizeTTY(id, { height: 5, width: 6 })
    const running = runtime.startAttached(id, {})
    const container = fake.state.findContainer(id)
    await expect.poll(() => container?.size).toBe('5x6')
    container?.exit(0)
    expect(await running).toBe(0)
  })

  test('repeats the resize after the start while the process does not exist yet', async () => {
    const { fake, runtime } = await startRuntime()
    const id = await runtime.createContainer({ image, command: ['sleep'], tty: true })
    let attempts = 0
    fake.override('POST /containers/*/resize', (reply, request) => {
      attempts += 1
      return attempts < 12 ? reply.refuse(500, 'no such process') : route(reply, request)
    })
    const running = runtime.startAttached(id, { initialSize: { height: 5, width: 6 } })
    const container = fake.state.findContainer(id)
    await expect.poll(() => container?.size).toBe('5x6')
    container?.exit(0)
    expect(await running).toBe(0)
  })

  test('warns when the engine refuses the size of a terminal, and resolves with the exit code', async () => {
    const { fake, runtime, warnings } = await startRuntime({}, { execStartMs: 20 })
    const id = await runtime.createContainer({ image, command: ['sleep'], tty: true })
    fake.override('POST /containers/*/resize', (reply) => reply.refuse(500, 'no such process'))
    const running = runtime.startAttached(id, { initialSize: { height: 5, width: 6 } })
    await expect.poll(() => warnings).toEqual([expect.stringMatching(/keeps its default size: .*no such process/)])
    fake.state.findContainer(id)?.exit(0)
    expect(await running).toBe(0)
  })

  test('rejects with the reason of an abort, stops the container, and closes all connections', async () => {
    const { fake, runtime } = await startRuntime()
    const id = await runtime.createContainer({ image, command: ['sleep'] })
    const controller = new AbortController()
    const running = runtime.startAttached(id, { signal: controller.signal })
    await expect.poll(() => fake.state.findContainer(id)?.status).toBe('running')
    controller.abort('enough')
    await expect(running).rejects.toBe('enough')
    expect(fake.state.findContainer(id)?.status).toBe('exited')
    await expect.poll(() => fake.sockets.size).toBeLessThan(2)
  })

  test('does not stop a container that ran before at an abort', async () => {
    const { fake, runtime } = await startRuntime()
    const id = await runtime.createContainer({ image, command: ['sleep'] })
    await runtime.startContainer(id)
    const controller = new AbortController()
    const running = runtime.startAttached(id, { signal: controller.signal })
    await expect.poll(() => fake.log().filter((line) => line.endsWith('/start'))).toHaveLength(2)
    controller.abort('enough')
    await expect(running).rejects.toBe('enough')
    expect(fake.state.findContainer(id)?.status).toBe('running')
  })

  test('rejects with COMMAND_NOT_STARTED for a missing command, and closes all connections', async () => {
    const { fake, runtime } = await startRuntime()
    const id = await runtime.createContainer({ image, command: ['nosuch'] })
    fake.override('POST /containers/*/start', (reply) =>
      reply.refuse(400, 'exec: "nosuch": executable file not found in $PATH: unknown'),
    )
    await expect(runtime.startAttached(id, {})).rejects.toMatchObject({ code: 'COMMAND_NOT_STARTED', undoFailures: [] })
    for (const socket of fake.state.findContainer(id)?.attached ?? []) socket.destroy()
    await expect.poll(() => fake.sockets.size).toBeLessThan(2)
  })

  test('rejects with CONNECTION_LOST, and never resolves with 0, when the engine stops', async () => {
    const { fake, runtime } = await startRuntime()
    const id = await runtime.createContainer({ image, command: ['sleep'] })
    const running = runtime.startAttached(id, {})
    await expect.poll(() => fake.state.findContainer(id)?.status).toBe('running')
    await fake.die()
    await expect(running).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
  })

  test('rejects with CONNECTION_LOST when the output ends while the process runs', async () => {
    const { fake, runtime } = await startRuntime()
    const id = await runtime.createContainer({ image, command: ['sleep'] })
    const running = runtime.startAttached(id, {})
    const container = fake.state.findContainer(id)
    await expect.poll(() => container?.status).toBe('running')
    for (const socket of container?.attached ?? []) socket.end()
    await expect(running).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
  })

  test.each([false, true])(
    'waits for a slow start during which the engine answers no other request (misses exits: %s)',
    async (missesExits) => {
      const limits = { livenessIntervalMs: 2, livenessAnswerMs: 5, inspectIntervalMs: 2, inspectAnswerMs: 5 }
      const { fake, runtime } = await startRuntime({ quirks: { missesExits } }, limits)
      const id = await runtime.createContainer({ image, command: ['echo', 'hi'] })
      const stdout = collectOutput()
      fake.override('POST /containers/*/start', async (reply, request) => {
        fake.override('GET /_ping', () => {})
        fake.override('GET /containers/*/json', () => {})
        await new Promise((resolve) => setTimeout(resolve, 100)) // many of their limits
        fake.restore()
        await route(reply, request)
      })
      expect(await runtime.startAttached(id, { stdout: stdout.stream })).toBe(0)
      expect(stdout.text()).toBe('hi\n')
      expect(fake.log()).not.toContain(`POST /containers/${id}/stop`)
    },
  )
})
