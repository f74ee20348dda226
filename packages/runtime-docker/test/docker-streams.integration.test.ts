import { PassThrough, Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { describeWithEngine, skipOnPodman, skipUnsupported } from '../../../test/support/test-engine.js'
import { collectOutput } from './collect-output.js'
import { type ConnectedRuntime, connectRuntime } from './connect-runtime.js'

async function readText(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

function* repeat(count: number, size = 65_536): Generator<Buffer> {
  for (let index = 0; index < count; index += 1) yield Buffer.alloc(size, 'a')
}

describeWithEngine('startAttached and attach on a real engine', (testEngine) => {
  const { image } = testEngine
  const connect = () => connectRuntime(testEngine)

  async function run({ runtime }: ConnectedRuntime, config: object, stdin?: Readable) {
    const [stdout, stderr] = [collectOutput(), collectOutput()]
    const id = await runtime.createContainer({ image, interactive: stdin !== undefined, ...config })
    const streams = { stdout: stdout.stream, stderr: stderr.stream, ...(stdin === undefined ? {} : { stdin }) }
    const code = await runtime.startAttached(id, streams)
    return { id, code, stdout: stdout.text(), stderr: stderr.text() }
  }

  test('returns output and exit code of each of 100 processes of 1 ms, half of them with autoRemove', async () => {
    const connected = connect()
    const outcomes: string[] = []
    const runAll = async (indexes: readonly number[]) => {
      for (const index of indexes) {
        const config = { command: ['sh', '-c', `echo out ${index}; exit ${index}`], autoRemove: index % 2 === 0 }
        const { id, code, stdout } = await run(connected, config)
        outcomes[index] = `${stdout}${code}`
        if (index % 2 === 1) await connected.runtime.removeContainer(id)
      }
    }
    const all = Array.from({ length: 100 }, (_, index) => index)
    await Promise.all([0, 1, 2, 3].map((lane) => runAll(all.filter((index) => Math.floor(index / 2) % 4 === lane))))
    expect(outcomes).toEqual(all.map((index) => `out ${index}\n${index}`))
    expect(await connected.listLeftovers()).toEqual([])
  }, 180_000)

  test('ends the input of wc -c at the end of a piped stdin', async () => {
    expect(await run(connect(), { command: ['wc', '-c'] }, Readable.from(['abc']))).toMatchObject({
      stdout: '3\n',
      code: 0,
    })
    const big = await run(connect(), { command: ['wc', '-c'] }, Readable.from(repeat(160)))
    expect(big.stdout).toBe(`${160 * 65_536}\n`)
  })

  test('gives output and code of a process that does not read its stdin, without EPIPE', async () => {
    const command = ['sh', '-c', 'head -c 10 >/dev/null; seq 1 20000; exit 5']
    const { code, stdout } = await run(connect(), { command }, Readable.from(repeat(320)))
    expect([code, stdout.length, stdout.slice(-6)]).toEqual([5, 108_894, '20000\n'])
  })

  test('copies 20 MB in both directions without a deadlock', async () => {
    const { code, stdout } = await run(connect(), { command: ['cat'] }, Readable.from(repeat(320)))
    expect([code, stdout.length]).toEqual([0, 320 * 65_536])
  })

  test('separates both outputs', async () => {
    const { stdout, stderr, code } = await run(connect(), { command: ['sh', '-c', 'echo out; echo err >&2; exit 7'] })
    expect([stdout, stderr, code]).toEqual(['out\n', 'err\n', 7])
  })

  test('gives one stream for a terminal, applies the stored size, and passes ctrl-p ctrl-q on as input', async () => {
    const { runtime } = connect()
    const stdin = new PassThrough()
    const stdout = collectOutput()
    const script = [
      `until [ "$(stty size 2>/dev/null)" = "33 101" ]; do sleep 0.05; done`,
      'stty raw -echo; echo ready >&2; head -c 3 | od -An -tx1',
    ].join('; ')
    const id = await runtime.createContainer({ image, tty: true, interactive: true, command: ['sh', '-c', script] })
    await runtime.resizeTTY(id, { height: 33, width: 101 })
    const running = runtime.startAttached(id, { stdin, stdout: stdout.stream })
    await expect.poll(() => stdout.text()).toContain('ready')
    stdin.write('\x10\x11x')
    expect(await running).toBe(0)
    expect(stdout.text()).toContain('10 11 78')
  })

  test('resizes the terminal of a running container, and does nothing after the exit', async () => {
    const { runtime } = connect()
    const stdout = collectOutput()
    const command = [
      'sh',
      '-c',
      'echo ready; until [ "$(stty size 2>/dev/null)" = "10 20" ]; do sleep 0.05; done; echo resized',
    ]
    const id = await runtime.createContainer({ image, tty: true, interactive: true, command })
    const running = runtime.startAttached(id, { stdin: new PassThrough(), stdout: stdout.stream })
    await expect.poll(() => stdout.text()).toContain('ready')
    await runtime.resizeTTY(id, { height: 10, width: 20 })
    expect(await running).toBe(0)
    await runtime.resizeTTY(id, { height: 30, width: 20 })
  })

  test('attaches to a running container, and sends input until its end', async () => {
    const { runtime } = connect()
    const command = ['sh', '-c', 'while read line; do echo "got $line"; done; exit 3']
    const id = await runtime.createContainer({ image, interactive: true, command })
    await runtime.startContainer(id)
    const stdout = collectOutput()
    const stdin = new PassThrough()
    const attached = runtime.attach(id, { stdin, stdout: stdout.stream })
    stdin.write('one\n')
    await expect.poll(() => stdout.text()).toBe('got one\n')
    stdin.end('two\n')
    await attached
    expect(await runtime.waitContainer(id)).toBe(3)
    expect(stdout.text()).toMatch(/got two\n$/)
    await expect(runtime.attach(id, {})).rejects.toMatchObject({ code: 'NOT_RUNNING', facts: { state: 'exited' } })
  })

  test('does not stop a running container at an abort of attach', async (context) => {
    skipOnPodman(context, "a disconnected client ends the container's input")
    const { runtime } = connect()
    const command = ['sh', '-c', 'while read line; do echo "got $line"; done; exit 3']
    const id = await runtime.createContainer({ image, interactive: true, command })
    await runtime.startContainer(id)
    const stdin = new PassThrough()
    const attached = runtime.attach(id, { stdin })
    const watching = new AbortController()
    const watched = collectOutput()
    const watch = runtime.attach(id, { stdout: watched.stream, signal: watching.signal })
    await expect
      .poll(() => {
        stdin.write('again\n')
        return watched.text()
      })
      .toContain('got again')
    watching.abort('enough')
    await expect(watch).rejects.toBe('enough')
    expect(await runtime.containerState(id)).toBe('running')
    stdin.end()
    await attached
    expect(await runtime.waitContainer(id)).toBe(3)
  })

  test('stops the started container at an abort of startAttached', async () => {
    const { runtime } = connect()
    const controller = new AbortController()
    const stdout = collectOutput()
    const id = await runtime.createContainer({ image, command: ['sh', '-c', 'echo up; exec sleep 60'] })
    const running = runtime.startAttached(id, { stdout: stdout.stream, signal: controller.signal })
    await expect.poll(() => stdout.text()).toBe('up\n')
    controller.abort('enough')
    await expect(running).rejects.toBe('enough')
    expect(await runtime.containerState(id)).toBe('exited')
  })
})

describeWithEngine('logs of a real engine', (testEngine) => {
  const { image } = testEngine
  const connect = () => connectRuntime(testEngine)

  async function runLogged(command: readonly string[], config: object = {}) {
    const { runtime } = connect()
    const id = await runtime.createContainer({ image, command, ...config })
    await runtime.startAttached(id, {})
    return { runtime, id }
  }

  const threeLines = ['sh', '-c', 'for i in 1 2 3; do echo out $i; sleep 0.2; echo err $i >&2; sleep 0.2; done']

  async function readLines(runtime: ConnectedRuntime['runtime'], id: string, options: object) {
    const lines: string[] = []
    for await (const { source, bytes } of await runtime.containerLogs(id, options)) {
      const text = Buffer.from(bytes).toString().trim()
      lines.push(...text.split('\n').map((line) => `${source}:${line}`))
    }
    return lines
  }

  test('gives all logs, one stream, and the last lines', async () => {
    const { runtime, id } = await runLogged(threeLines)
    expect(Buffer.from(await runtime.containerLogsAll(id)).toString()).toBe(
      'out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n',
    )
    expect(await readLines(runtime, id, { stderr: false })).toEqual(['stdout:out 1', 'stdout:out 2', 'stdout:out 3'])
    expect(await readLines(runtime, id, { tailLines: 2 })).toEqual(['stdout:out 3', 'stderr:err 3'])
  })

  test('gives the times of lines, and the lines since a time', async (context) => {
    skipUnsupported(context, 'logs.timestamps')
    skipUnsupported(context, 'logs.since')
    const { runtime, id } = await runLogged(threeLines)
    const stamps: string[] = []
    for await (const { timestamp } of await runtime.containerLogs(id, { timestamps: true }))
      stamps.push(timestamp ?? '')
    expect(stamps).toHaveLength(6)
    expect(await readLines(runtime, id, { since: stamps[4] ?? '' })).toEqual(['stdout:out 3', 'stderr:err 3'])
  })

  test('follow gives existing and new records, and ends with the container', async () => {
    const { runtime } = connect()
    const id = await runtime.createContainer({
      image,
      command: ['sh', '-c', 'echo one; read x; echo two'],
      interactive: true,
    })
    await runtime.startContainer(id)
    const stdin = new PassThrough()
    const attached = runtime.attach(id, { stdin })
    const texts: string[] = []
    for await (const { bytes } of await runtime.containerLogs(id, { follow: true })) {
      texts.push(Buffer.from(bytes).toString())
      if (texts.length === 1) stdin.end('go\n')
    }
    await attached
    expect(texts).toEqual(['one\n', 'two\n'])
  })

  test.for([false, true])('gives a reader that starts after the exit all records (tty %s)', async (tty) => {
    const { runtime } = connect()
    const id = await runtime.createContainer({
      image,
      command: ['sh', '-c', 'yes 0123456789abcde | head -c 1048576'],
      tty,
    })
    await runtime.startContainer(id)
    const chunks: Uint8Array[] = []
    for await (const { bytes } of await runtime.containerLogs(id, { follow: true })) {
      if (chunks.length === 0) await expect.poll(() => runtime.containerState(id), { timeout: 30_000 }).toBe('exited')
      chunks.push(bytes)
    }
    const line = tty ? '0123456789abcde\r\n' : '0123456789abcde\n'
    expect(Buffer.concat(chunks).equals(Buffer.from(line.repeat(65_536)))).toBe(true)
  })

  test.for([false, true])('gives a reader that follows the log from the start all records (tty %s)', async (tty) => {
    const { runtime } = connect()
    const write = 'seq 20000; sleep 0.7; seq 20001 40000; sleep 0.7; seq 40001 60000'
    const id = await runtime.createContainer({ image, command: ['sh', '-c', write], tty })
    await runtime.startContainer(id)
    const chunks: Uint8Array[] = []
    for await (const { bytes } of await runtime.containerLogs(id, { follow: true })) chunks.push(bytes)
    const lines = Buffer.concat(chunks).toString().split(/\r?\n/).slice(0, -1)
    expect(lines.findIndex((line, index) => Number(line) !== index + 1)).toBe(-1)
    expect(lines).toHaveLength(60_000)
  })

  test('opens and closes the followed log of a silent container at once', async () => {
    const { runtime } = connect()
    const id = await runtime.createContainer({ image, command: ['sleep', '60'], init: true })
    await runtime.startContainer(id)
    const stream = await runtime.containerLogs(id, { follow: true })
    const reading = (async () => {
      for await (const _ of stream);
    })()
    await stream[Symbol.asyncDispose]()
    await reading
  })

  test.for([false, true])(
    'gives one stream for a terminal, timestamps removed from the text: %s',
    async (timestamps, context) => {
      if (timestamps) skipUnsupported(context, 'logs.timestamps')
      const { runtime, id } = await runLogged(['sh', '-c', 'echo one; echo two >&2'], { tty: true })
      const sources = new Set<string>()
      let text = ''
      for await (const { source, bytes, timestamp } of await runtime.containerLogs(id, { timestamps })) {
        sources.add(`${source} ${/^\d{4}-.*Z$/.test(timestamp ?? '')}`)
        text += Buffer.from(bytes)
      }
      expect([text, ...sources]).toEqual(['one\r\ntwo\r\n', `combined ${timestamps}`])
    },
  )

  test.for([
    { tty: false, timestamps: false },
    { tty: false, timestamps: true },
    { tty: true, timestamps: false },
    { tty: true, timestamps: true },
  ])('gives a line of 100 KB as several records: %o', async ({ tty, timestamps }, context) => {
    if (timestamps) skipUnsupported(context, 'logs.timestamps')
    const { runtime, id } = await runLogged(['sh', '-c', 'head -c 100000 /dev/zero | tr "\\0" x; echo'], { tty })
    let text = ''
    for await (const { bytes } of await runtime.containerLogs(id, { timestamps })) text += Buffer.from(bytes)
    expect([text.length, /^x+\r?\n$/.test(text)]).toEqual([tty ? 100_002 : 100_001, true])
  })
})

describeWithEngine('exec on a real engine', (testEngine) => {
  const { image } = testEngine

  async function startIdle(changes: Parameters<typeof connectRuntime>[1] = {}) {
    const connected = connectRuntime(testEngine, changes)
    const id = await connected.runtime.createContainer({ image, command: ['sleep', '300'], init: true })
    await connected.runtime.startContainer(id)
    return { ...connected, id }
  }

  test('supports streams, env, user, directory and the exit code', async () => {
    const { execs, id } = await startIdle()
    const options = { env: { A: 'x y' }, user: '1000', workingDirectory: '/tmp' }
    const running = await execs.exec(id, ['sh', '-c', 'cat; echo "$A $(id -u) $(pwd)" >&2; exit 9'], options)
    running.stdin.end('hello')
    const [stdout, stderr] = await Promise.all([readText(running.stdout), readText(running.stderr)])
    expect([stdout, stderr, await running.exitCode]).toEqual(['hello', 'x y 1000 /tmp\n', 9])
  })

  test('resolves with 126 or 127 for a command that does not start', async () => {
    const { execs, id } = await startIdle()
    for (const command of [['nosuch'], ['/etc/passwd']]) {
      const running = await execs.exec(id, command)
      running.stdout.resume()
      running.stderr.resume()
      expect([126, 127]).toContain(await running.exitCode)
    }
  })

  test('gives the process end-of-file when stdin is false', async () => {
    const { execs, id } = await startIdle()
    const running = await execs.exec(id, ['wc', '-c'], { stdin: false })
    expect(await readText(running.stdout)).toBe('0\n')
    running.stderr.resume()
    expect(await running.exitCode).toBe(0)
  })

  test('ends the input of wc -c', async () => {
    const { execs, id } = await startIdle()
    const counting = await execs.exec(id, ['wc', '-c'])
    Readable.from(repeat(160)).pipe(counting.stdin)
    expect(await readText(counting.stdout)).toBe(`${160 * 65_536}\n`)
  })

  test('gives the output of a process that does not read its stdin', async (context) => {
    skipOnPodman(context, 'Podman cuts off the output of a process that ends while its input is sent')
    const { execs, id } = await startIdle()
    const leaving = await execs.exec(id, ['sh', '-c', 'head -c 10 >/dev/null; seq 1 20000; exit 5'])
    Readable.from(repeat(160)).pipe(leaving.stdin)
    expect(await readText(leaving.stdout)).toHaveLength(108_894)
    expect(await leaving.exitCode).toBe(5)
  })

  test('supports a terminal and its size', async () => {
    const { execs, id } = await startIdle()
    const running = await execs.exec(
      id,
      ['sh', '-c', 'until [ "$(stty size 2>/dev/null)" = "10 20" ]; do sleep 0.05; done; echo resized'],
      {
        tty: true,
      },
    )
    const text = readText(running.stdout)
    await running.resize({ height: 10, width: 20 })
    expect(await text).toBe('resized\r\n')
    expect(await running.exitCode).toBe(0)
  })

  test.each(['this-machine', 'virtual-machine'] as const)(
    'kill signals only that process, as if the engine were on %s',
    async (location) => {
      const { facts } = connectRuntime(testEngine).engine.details
      const { execs, id } = await startIdle({ facts: { ...facts, location } })
      const [one, other] = [await execs.exec(id, ['sleep', '200']), await execs.exec(id, ['sleep', '200'])]
      for (const { stdout, stderr } of [one, other]) {
        stdout.resume()
        stderr.resume()
      }
      expect(await one.kill()).toBe(true)
      expect(await one.exitCode).toBe(143)
      expect(await one.kill()).toBe(false)
      expect(await other.kill('SIGKILL')).toBe(true)
      expect(await other.exitCode).toBe(137)
    },
  )

  test('rejects with NOT_RUNNING for a stopped container, and ends processes at the stop of their container', async () => {
    const { execs, id, runtime } = await startIdle()
    const running = await execs.exec(id, ['sh', '-c', 'echo up; exec sleep 200'])
    await new Promise((resolve) => running.stdout.once('data', resolve))
    const read = readText(running.stdout)
    await runtime.stopContainer(id, { graceMs: 1_000 })
    await read
    expect(await running.exitCode).toBe(137)
    await expect(execs.exec(id, ['true'])).rejects.toMatchObject({ code: 'NOT_RUNNING', facts: { state: 'exited' } })
    await expect(execs.exec('0123456789ab', ['true'])).rejects.toMatchObject({ code: 'CONTAINER_NOT_FOUND' })
  })

  test('ends the input of a disposed process, which then exits', async () => {
    const { execs, id } = await startIdle()
    const running = await execs.exec(id, ['sh', '-c', 'cat; echo left >/tmp/left'])
    running.stdin.write('x')
    await running[Symbol.asyncDispose]()
    await expect(running.exitCode).rejects.toMatchObject({ code: 'EXIT_CODE_UNKNOWN' })
    await expect
      .poll(async () => {
        const look = await execs.exec(id, ['cat', '/tmp/left'], { stdin: false })
        return readText(look.stdout)
      })
      .toBe('left\n')
  })
})
