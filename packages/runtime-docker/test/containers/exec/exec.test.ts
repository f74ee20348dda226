import type { Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import type { FakeHandler } from '../../fake/fake-docker-engine.js'
import { frame } from '../../fake/frames.js'
import { startRuntime } from '../../start-runtime.js'

async function startExecutable(onStart?: FakeHandler) {
  const started = await startRuntime()
  const container = started.fake.state.createContainer('c', {})
  container.status = 'running'
  if (onStart !== undefined) started.fake.override('POST /exec/*/start', onStart)
  const findExec = () => [...started.fake.state.execs.values()][0]
  return { ...started, container, id: container.id, findExec }
}

async function readText(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

describe('exec', () => {
  test('sends stdin, half-closes, and resolves with the code after both outputs', async () => {
    const { execs, id } = await startExecutable()
    const running = await execs.exec(id, ['cat'])
    running.stdin.end('hello')
    expect(await readText(running.stdout)).toBe('hello')
    expect(await readText(running.stderr)).toBe('')
    expect(await running.exitCode).toBe(0)
  })

  test.each([
    ['ended', (stdin: Writable) => stdin.end('hello')],
    ['destroyed', (stdin: Writable) => stdin.write('hello', () => stdin.destroy())],
  ])('gives all output of a terminal when its stdin is %s', async (_, end) => {
    const { execs, id } = await startExecutable()
    const running = await execs.exec(id, ['cat'], { tty: true })
    end(running.stdin)
    expect(await readText(running.stdout)).toBe('hellothe end')
    expect(await running.exitCode).toBe(0)
  })

  test('sends end-of-transmission again for a program that discarded the first one', async () => {
    const { execs, id } = await startExecutable((reply) => {
      const socket = reply.upgrade()
      let ends = 0
      socket.on('data', (chunk: Buffer) => {
        ends += chunk.filter((byte) => byte === 4).length
        if (ends < 2) return
        for (const exec of reply.engine.state.execs.values()) exec.exitCode = 0
        socket.end('read the end')
      })
    })
    const running = await execs.exec(id, ['sh'], { tty: true })
    running.stdin.end('echo\n')
    expect(await readText(running.stdout)).toBe('read the end')
  })

  test('sends end-of-transmission to a terminal when stdin is false', async () => {
    const { execs, id } = await startExecutable()
    const running = await execs.exec(id, ['cat'], { tty: true, stdin: false })
    expect(await readText(running.stdout)).toBe('the end')
    expect(await running.exitCode).toBe(0)
    expect(running.stdin.writableEnded).toBe(true)
  })

  describe('a process that exited with 126', () => {
    const missing = 'OCI runtime exec failed: exec failed: unable to start container process: exec: "x": '
    const notFound = `${missing}executable file not found in $PATH: unknown\r\n`
    test.each([
      ['127 when Docker 20.10 did not start it because the command is missing', { pid: 0, output: notFound }, 127],
      ['126 when it is not executable', { pid: 0, output: `${missing}permission denied: unknown\r\n` }, 126],
      ['126 when it ran and printed the same text', { pid: 7, output: notFound }, 126],
      ['126 when it printed more', { pid: 0, output: `${notFound}more\n` }, 126],
    ])('has exit code %s', async (_, { pid, output }, expected) => {
      for (const tty of [false, true]) {
        const { execs, id, fake } = await startExecutable((reply) => {
          reply.upgrade().end(tty ? output : frame(1, output))
        })
        fake.override('GET /exec/*/json', (reply) => reply.json(200, { Running: false, ExitCode: 126, Pid: pid }))
        const running = await execs.exec(id, ['x'], { tty, stdin: false })
        expect(await readText(running.stdout)).toBe(output)
        expect(await running.exitCode).toBe(expected)
      }
    })
  })

  test.each(['discarded', 'not read'])('resolves with the code when both outputs are %s', async (kind) => {
    const { execs, id } = await startExecutable()
    const running = await execs.exec(id, ['true'], { stdin: false })
    if (kind === 'discarded') for (const output of [running.stdout, running.stderr]) output.resume()
    expect(await running.exitCode).toBe(0)
  })

  test('passes env, user, directory and terminal to the engine', async () => {
    const { execs, id, findExec } = await startExecutable()
    const running = await execs.exec(id, ['x'], {
      env: { A: '1' },
      user: 'u',
      workingDirectory: '/w',
      tty: true,
      stdin: false,
      privileged: true,
    })
    expect(findExec()?.config).toMatchObject({
      Cmd: ['x'],
      Env: ['A=1'],
      User: 'u',
      WorkingDir: '/w',
      Tty: true,
      AttachStdin: true,
      Privileged: true,
    })
    await running[Symbol.asyncDispose]()
  })

  test.each([
    ["the engine's own error", frame(3, 'gone'), 'OPERATION_FAILED'],
    ['an invalid frame', Buffer.from('no frame'), 'PROTOCOL_ERROR'],
    ['a connection that closes within a frame', frame(1, 'cut').subarray(0, 9), 'PROTOCOL_ERROR'],
  ])('gives a slow reader the output before %s, then fails', async (_, fault, code) => {
    const { execs, id } = await startExecutable((reply) => {
      const outputs = Array.from({ length: 40 }, () => [frame(1, 'o'.repeat(1000)), frame(2, 'e'.repeat(1000))]).flat()
      reply.upgrade().end(Buffer.concat([...outputs, fault]))
    })
    const running = await execs.exec(id, ['x'])
    const read = async (stream: AsyncIterable<Buffer>) => {
      let length = 0
      try {
        for await (const chunk of stream) {
          length += chunk.length
          await new Promise((resolve) => setTimeout(resolve, 5)) // the fault has arrived long before the last chunk
        }
      } catch (error) {
        return { length, error }
      }
      return { length }
    }
    const [stdout, stderr] = await Promise.all([read(running.stdout), read(running.stderr)])
    const expected = { length: 40_000, error: expect.objectContaining({ code }) }
    await expect(running.exitCode).rejects.toMatchObject({ code })
    expect(stderr).toEqual(expected)
    expect(stdout.length).toBeGreaterThanOrEqual(40_000)
    expect(stdout.error).toMatchObject({ code })
  })

  test('gives both outputs, split anywhere, and the data that arrived with the headers', async () => {
    const whole = Buffer.concat([frame(1, 'out'), frame(2, 'err'), frame(1, '!')])
    const { execs, id, fake } = await startExecutable((reply) => {
      const exec = [...fake.state.execs.values()][0]
      if (exec !== undefined) exec.exitCode = 4
      const socket = reply.upgrade({ first: whole.subarray(0, 5) })
      socket.end(whole.subarray(5))
    })
    const running = await execs.exec(id, ['x'])
    expect(await Promise.all([readText(running.stdout), readText(running.stderr)])).toEqual(['out!', 'err'])
    expect(await running.exitCode).toBe(4)
  })

  test('rejects with NOT_RUNNING and the state for a container that does not run', async () => {
    const { execs, id, container } = await startExecutable()
    container.status = 'exited'
    await expect(execs.exec(id, ['x'])).rejects.toMatchObject({ code: 'NOT_RUNNING', facts: { id, state: 'exited' } })
    await expect(execs.exec('gone', ['x'])).rejects.toMatchObject({ code: 'CONTAINER_NOT_FOUND' })
  })

  test('rejects with INVALID_ARGUMENT without a request for an empty command', async () => {
    const { execs, id, fake } = await startExecutable()
    await expect(execs.exec(id, [])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', facts: { field: 'command' } })
    expect(fake.requests).toHaveLength(0)
  })

  test('waits for a code that the engine records late', async () => {
    const { execs, id, fake, findExec } = await startExecutable()
    let looks = 0
    fake.override('GET /exec/*/json', (reply) => {
      looks += 1
      reply.json(200, { ID: findExec()?.id, Running: looks < 3, ExitCode: looks < 4 ? null : 5 })
    })
    const running = await execs.exec(id, ['x'], { stdin: false })
    expect(await readText(running.stdout)).toBe('')
    running.stderr.resume()
    expect(await running.exitCode).toBe(5)
  })

  test('rejects the code with EXIT_CODE_UNKNOWN when the engine never records it, and ends the outputs', async () => {
    const { execs, id, fake } = await startExecutable()
    fake.override('GET /exec/*/json', (reply) => reply.json(200, { Running: true, ExitCode: null }))
    const running = await execs.exec(id, ['x'], { stdin: false })
    await expect(running.exitCode).rejects.toMatchObject({ code: 'EXIT_CODE_UNKNOWN' })
  }, 15_000)

  test('fails both outputs and the code with CONNECTION_LOST when the engine stops', async () => {
    const { execs, id, fake } = await startExecutable()
    const running = await execs.exec(id, ['cat'])
    const read = Promise.allSettled([readText(running.stdout), readText(running.stderr), running.exitCode])
    await fake.die()
    const lost = { status: 'rejected', reason: { code: 'CONNECTION_LOST' } }
    expect(await read).toMatchObject([lost, lost, lost])
  })

  test('fails both outputs and the code with OPERATION_FAILED for an error frame of the engine', async () => {
    const { execs, id } = await startExecutable((reply) => reply.upgrade().end(frame(3, 'broke')))
    const running = await execs.exec(id, ['x'])
    const read = await Promise.allSettled([readText(running.stdout), readText(running.stderr), running.exitCode])
    const failed = { status: 'rejected', reason: { code: 'OPERATION_FAILED', facts: { reason: 'broke' } } }
    expect(read).toMatchObject([failed, failed, failed])
  })

  test('fails both outputs and the code with the reason of an abort, and closes the connection', async () => {
    const { execs, id, fake } = await startExecutable()
    const controller = new AbortController()
    const running = await execs.exec(id, ['cat'], { signal: controller.signal })
    const reason = new Error('enough')
    const read = Promise.allSettled([readText(running.stdout), running.exitCode])
    controller.abort(reason)
    expect(await read).toEqual([
      { status: 'rejected', reason },
      { status: 'rejected', reason },
    ])
    await expect.poll(() => fake.sockets.size).toBeLessThan(2)
  })

  test('fails both outputs and the code at an abort or close while the last output is unread', async () => {
    for (const isAbort of [true, false]) {
      const { execs, runtime, id, fake } = await startExecutable((reply) => {
        const exec = [...fake.state.execs.values()][0]
        if (exec !== undefined) exec.exitCode = 6
        reply.upgrade().end(frame(1, Buffer.alloc(1_000)))
      })
      const controller = new AbortController()
      const running = await execs.exec(id, ['x'], { signal: controller.signal })
      running.stdout.on('readable', () => {}) // looks, and takes nothing
      await expect.poll(() => fake.log().at(-1)).toMatch(/^GET \/exec/)
      if (isAbort) controller.abort('enough')
      else await runtime.close()
      if (isAbort) await expect(running.exitCode).rejects.toBe('enough')
      else await expect(running.exitCode).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
      expect(running.stdout.destroyed).toBe(true)
    }
  })

  test('half-closes when disposed, ends the outputs, and rejects the code without an uncaught error', async () => {
    const { execs, id, fake } = await startExecutable()
    const running = await execs.exec(id, ['cat'])
    const read = readText(running.stdout)
    await running[Symbol.asyncDispose]()
    await running[Symbol.asyncDispose]()
    expect(await read).toBe('')
    await expect(running.exitCode).rejects.toMatchObject({ code: 'EXIT_CODE_UNKNOWN' })
    await expect.poll(() => fake.sockets.size).toBeLessThan(2)
  })

  test('applies back-pressure to the engine and to the other output for an unread output', async () => {
    const payload = Buffer.alloc(64 * 1024)
    let sent = 0
    const { execs, id, fake } = await startExecutable((reply) => {
      const socket = reply.upgrade()
      const send = () => {
        while (sent < 256) {
          sent += 1
          if (!socket.write(frame(1 + (sent % 2), payload))) return void socket.once('drain', send)
        }
        const exec = [...fake.state.execs.values()][0]
        if (exec !== undefined) exec.exitCode = 0
        socket.end()
      }
      send()
    })
    const running = await execs.exec(id, ['x'])
    let before = -1
    const isHeldUp = () => {
      const isSame = before === sent
      before = sent
      return isSame
    }
    await expect.poll(isHeldUp, { interval: 100 }).toBe(true)
    expect(sent).toBeLessThan(64)
    running.stderr.resume()
    let received = 0
    for await (const chunk of running.stdout) received += chunk.length
    expect(received).toBe(128 * payload.length)
    expect(await running.exitCode).toBe(0)
  })

  test('continues with one output when the other one is destroyed', async () => {
    const { execs, id, fake } = await startExecutable((reply) => {
      const exec = [...fake.state.execs.values()][0]
      if (exec !== undefined) exec.exitCode = 0
      reply.upgrade().end(Buffer.concat([frame(1, Buffer.alloc(300_000)), frame(2, 'the other')]))
    })
    const running = await execs.exec(id, ['x'])
    running.stdout.destroy()
    expect(await readText(running.stderr)).toBe('the other')
    expect(await running.exitCode).toBe(0)
  })

  test.each([101, 200] as const)(
    'gives the last output of a process that exits with unread stdin and resets the connection (%i)',
    async (status) => {
      const output = frame(1, Buffer.alloc(150_000, 'o'))
      const { execs, id, fake } = await startExecutable((reply) => {
        const socket = reply.upgrade({ status })
        socket.pause()
        const exec = [...fake.state.execs.values()][0]
        if (exec !== undefined) exec.exitCode = 5
        socket.write(output, () => socket.destroy())
      })
      const running = await execs.exec(id, ['x'])
      const writing = setInterval(() => running.stdin.write(Buffer.alloc(1_000)), 1)
      running.stderr.resume()
      let received = 0
      try {
        for await (const chunk of running.stdout) {
          received += chunk.length
          await new Promise((resolve) => setImmediate(resolve)) // a reader that is slower than the reset
        }
        expect(await running.exitCode).toBe(5)
      } finally {
        clearInterval(writing)
      }
      expect(received).toBe(150_000)
    },
  )

  test('resolves with the code when one output is unread', async () => {
    const { execs, id, fake } = await startExecutable((reply) => {
      const exec = [...fake.state.execs.values()][0]
      if (exec !== undefined) exec.exitCode = 6
      reply.upgrade().end(frame(1, 'unread'))
    })
    const running = await execs.exec(id, ['x'])
    expect(await running.exitCode).toBe(6)
    expect(await readText(running.stdout)).toBe('unread')
  })

  test('sends the size of a resize, and rejects an invalid one', async () => {
    const { execs, id, fake } = await startExecutable()
    fake.override('POST /exec/*/resize', (reply) => reply.raw(200, ''))
    const running = await execs.exec(id, ['sh'], { tty: true })
    await running.resize({ height: 3, width: 4 })
    expect(fake.requests.at(-1)?.rawPath).toMatch(/\/resize\?h=3&w=4$/)
    await expect(running.resize({ height: 0, width: 4 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await running[Symbol.asyncDispose]()
  })

  test('ignores a resize after the exit, and rejects when the engine does not find a running process', async () => {
    const { execs, id, fake } = await startExecutable()
    fake.override('POST /exec/*/resize', (reply) => reply.refuse(404, 'no such exec'))
    const running = await execs.exec(id, ['cat'], { tty: true })
    await expect(running.resize({ height: 1, width: 2 })).rejects.toMatchObject({ code: 'CONTAINER_NOT_FOUND' })
    running.stdout.resume()
    running.stdin.end()
    await running.exitCode
    await running.resize({ height: 1, width: 2 })
  })
})

describe('kill', () => {
  test('resolves with false for an exited or missing process, and rejects with INVALID_ARGUMENT for an invalid signal', async () => {
    const { execs, id, findExec } = await startExecutable()
    const running = await execs.exec(id, ['cat'])
    await expect(running.kill('rm -rf')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', facts: { field: 'signal' } })
    const exec = findExec()
    if (exec !== undefined) Object.assign(exec, { running: false, exitCode: 0 })
    expect(await running.kill()).toBe(false)
    await running[Symbol.asyncDispose]()
  })

  test('finds the process by the variable CAPSTAN_EXEC for an engine in a virtual machine', async () => {
    const facts = { ...(await startRuntime()).engine.details.facts, location: 'virtual-machine' } as const
    const { fake, execs } = await startRuntime({ facts })
    const container = fake.state.createContainer('c', {})
    container.status = 'running'
    const running = await execs.exec(container.id, ['cat'], { env: { A: '1' } })
    const marker = ([...fake.state.execs.values()][0]?.config.Env as readonly string[] | undefined)?.at(-1)
    expect(marker).toMatch(/^CAPSTAN_EXEC=[0-9a-f-]{36}$/)
    expect(await running.kill('SIGINT')).toBe(true)
    const { Cmd, User } = [...fake.state.execs.values()][1]?.config ?? {}
    expect((Cmd as readonly string[]).slice(-2)).toEqual(['INT', marker])
    expect(User).toBe('0')
    await running[Symbol.asyncDispose]()
  })
})
