import { once } from 'node:events'
import { PassThrough, Readable, Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { MemoryProgram } from '../../src/index.js'
import type { MemoryRuntime } from '../../src/memory-runtime.js'
import { Collector } from '../support/collect.js'
import { openMemory } from '../support/open-memory.js'

describe('startAttached', () => {
  it('keeps the output and the exit code of short programs in 100 runs', async () => {
    await using memory = await openMemory()
    for (let round = 0; round < 100; round += 1) {
      const command = ['sh', '-c', `echo ${round}; echo e >&2; exit 9`]
      const id = await memory.runtime.createContainer({ image: 'busybox', command, autoRemove: true })
      const stdout = new Collector()
      const stderr = new Collector()
      expect(await memory.runtime.startAttached(id, { stdout, stderr })).toBe(9)
      expect([stdout.text, stderr.text]).toEqual([`${round}\n`, 'e\n'])
    }
    expect(await memory.runtime.listContainers()).toEqual([])
  })

  it('resolves after the stream of the caller has processed the last byte', async () => {
    await using memory = await openMemory()
    const command = ['sh', '-c', 'echo out; echo more']
    const id = await memory.runtime.createContainer({ image: 'busybox', command })
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
    expect(await memory.runtime.startAttached(id, { stdout })).toBe(0)
    expect(text).toBe('out\nmore\n')
  })

  it('accepts a call without options', async () => {
    await using memory = await openMemory()
    const runtime = memory.runtime as MemoryRuntime
    const id = await runtime.createContainer({ image: 'busybox', command: ['sh', '-c', 'echo unheard; exit 4'] })
    expect(await runtime.startAttached(id)).toBe(4)
    await expect(runtime.attach(id)).rejects.toMatchObject({ code: 'NOT_RUNNING' })
  })

  it('ends stdin when the input ends and keeps the outputs open', async () => {
    await using memory = await openMemory()
    const id = await memory.runtime.createContainer({ image: 'busybox', command: ['wc', '-c'], interactive: true })
    const stdout = new Collector()
    expect(await memory.runtime.startAttached(id, { stdin: Readable.from(['ab', 'c']), stdout })).toBe(0)
    expect(stdout.text).toBe('3\n')
    expect(stdout.writableEnded).toBe(false)
  })

  it('resolves when a process ends that still receives input', async () => {
    await using memory = await openMemory()
    const id = await memory.runtime.createContainer({ image: 'busybox', command: ['true'], interactive: true })
    const stdin = new PassThrough()
    stdin.write('never read')
    expect(await memory.runtime.startAttached(id, { stdin })).toBe(0)
    expect(stdin.destroyed).toBe(false)
    expect(stdin.listenerCount('data')).toBe(0)
  })

  it('copies 20 MB from the input to the output without a deadlock', async () => {
    await using memory = await openMemory({ logLimitBytes: 1_000_000 })
    const id = await memory.runtime.createContainer({ image: 'busybox', command: ['cat'], interactive: true })
    const size = 20_000_000
    const stdin = Readable.from(Array.from({ length: 20 }, (_, block) => Buffer.alloc(size / 20, block)))
    let received = 0
    const stdout = new Writable({
      highWaterMark: 1024,
      write: (chunk: Buffer, _encoding, done) => {
        received += chunk.length
        setImmediate(done)
      },
    })
    expect(await memory.runtime.startAttached(id, { stdin, stdout })).toBe(0)
    expect(received).toBe(size)
  })

  it('ends stdin when the input is destroyed', async () => {
    await using memory = await openMemory()
    const id = await memory.runtime.createContainer({ image: 'busybox', command: ['cat'], interactive: true })
    const stdin = new PassThrough()
    const running = memory.runtime.startAttached(id, { stdin })
    stdin.destroy()
    expect(await running).toBe(0)
  })

  it('rejects with the error of an input that fails before or after the start', async () => {
    await using memory = await openMemory()
    const attach = async (stdin: Readable) => {
      const id = await memory.runtime.createContainer({ image: 'busybox', command: ['cat'], interactive: true })
      await memory.runtime.startAttached(id, { stdin })
    }
    const failed = new PassThrough()
    failed.destroy(new Error('failed early'))
    await once(failed, 'error')
    await expect(attach(failed)).rejects.toThrow('failed early')
    const failing = new PassThrough()
    const running = expect(attach(failing)).rejects.toThrow('failed late')
    await expect.poll(() => failing.listenerCount('data')).toBe(1)
    failing.destroy(new Error('failed late'))
    await running
  })

  it('reads no input when the container is not interactive', async () => {
    await using memory = await openMemory()
    const id = await memory.runtime.createContainer({ image: 'busybox', command: ['cat'] })
    expect(await memory.runtime.startAttached(id, { stdin: new PassThrough() })).toBe(0)
  })

  it('blocks the program while a reader does not read', async () => {
    const written = { blocks: 0 }
    const main: MemoryProgram = async ({ stdout }) => {
      for (; written.blocks < 50; written.blocks += 1) {
        await new Promise((resolve) => stdout.write(Buffer.alloc(10_000), resolve))
      }
      return 0
    }
    await using memory = await openMemory({ images: { app: { main } } })
    const id = await memory.runtime.createContainer({ image: 'app' })
    const stdout = new PassThrough({ highWaterMark: 10_000 })
    const running = memory.runtime.startAttached(id, { stdout })
    await new Promise((resolve) => stdout.once('readable', resolve))
    for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    expect(written.blocks).toBeLessThan(5)
    stdout.resume()
    expect(await running).toBe(0)
    expect(written.blocks).toBe(50)
  })

  it('stops the run that it started when it is aborted', async () => {
    await using memory = await openMemory()
    const id = await memory.runtime.createContainer({
      image: 'busybox',
      command: ['sh', '-c', 'echo ready; sleep 100'],
    })
    const abort = new AbortController()
    const stdout = new Collector()
    const running = memory.runtime.startAttached(id, { stdout, signal: abort.signal })
    await stdout.until('ready')
    const reason = new Error('enough')
    abort.abort(reason)
    await expect(running).rejects.toBe(reason)
    expect(await memory.runtime.containerState(id)).toBe('exited')
  })

  it('keeps the container running when the runtime is closed', async () => {
    await using memory = await openMemory()
    const id = await memory.runtime.createContainer({
      image: 'busybox',
      command: ['sh', '-c', 'echo ready; sleep 100'],
    })
    const stdout = new Collector()
    const running = memory.runtime.startAttached(id, { stdout })
    await stdout.until('ready')
    const failing = expect(running).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
    await memory.runtime.close()
    await failing
    const again = await memory.host.open({ runtime: 'memory' })
    expect(await again.runtime.containerState(id)).toBe('running')
    await again.runtime.removeContainer(id)
  })

  it('rejects when the output fails, and stops the container', async () => {
    await using memory = await openMemory()
    const id = await memory.runtime.createContainer({ image: 'busybox', command: ['yes'] })
    const stdout = new Writable({ write: (_chunk, _encoding, done) => done(new Error('disk full')) })
    stdout.on('error', () => {})
    await expect(memory.runtime.startAttached(id, { stdout })).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      facts: { reason: 'the stream for the output has failed: disk full' },
    })
    expect(await memory.runtime.containerState(id)).toBe('exited')
  })

  it('attaches to a running container and keeps it running after an abort', async () => {
    await using memory = await openMemory()
    const id = await memory.runtime.createContainer({ image: 'busybox', command: ['sleep', '100'] })
    await memory.runtime.startContainer(id)
    const abort = new AbortController()
    const running = memory.runtime.startAttached(id, { signal: abort.signal })
    abort.abort(new Error('enough'))
    await expect(running).rejects.toThrow('enough')
    expect(await memory.runtime.containerState(id)).toBe('running')
  })
})

describe('attach', () => {
  it('attaches several clients to a running container until its output ends', async () => {
    await using memory = await openMemory()
    const id = await memory.runtime.createContainer({ image: 'busybox', command: ['cat'], interactive: true })
    await memory.runtime.startContainer(id)
    const stdin = new PassThrough()
    const outputs = [new Collector(), new Collector()]
    const sessions = outputs.map((stdout, index) =>
      memory.runtime.attach(id, { stdout, ...(index === 0 && { stdin }) }),
    )
    stdin.write('hi\n')
    await Promise.all(outputs.map((output) => output.until('hi\n')))
    stdin.end()
    await Promise.all(sessions)
    expect(await memory.runtime.waitContainer(id)).toBe(0)
  })

  it('keeps the container running and unblocked after an abort', async () => {
    await using memory = await openMemory()
    const id = await memory.runtime.createContainer({
      image: 'busybox',
      command: ['sh', '-c', 'head -n 1; seq 100000'],
      interactive: true,
    })
    await memory.runtime.startContainer(id)
    const stdin = new PassThrough()
    const abort = new AbortController()
    const stalled = new PassThrough({ highWaterMark: 10 })
    const session = memory.runtime.attach(id, { stdin, stdout: stalled, signal: abort.signal })
    stdin.write('go and write a lot\n')
    await new Promise((resolve) => stalled.once('readable', resolve))
    abort.abort(new Error('enough'))
    await expect(session).rejects.toThrow('enough')
    expect(await memory.runtime.waitContainer(id)).toBe(0)
  })

  it('rejects with NOT_RUNNING when the container is not running', async () => {
    await using memory = await openMemory()
    const id = await memory.runtime.createContainer({ image: 'busybox' })
    await expect(memory.runtime.attach(id, {})).rejects.toMatchObject({
      code: 'NOT_RUNNING',
      facts: { state: 'created' },
    })
  })
})

describe('a terminal', () => {
  it('echoes input, buffers lines, and ends the input at Ctrl-D', async () => {
    await using memory = await openMemory()
    const id = await memory.runtime.createContainer({
      image: 'busybox',
      command: ['cat'],
      interactive: true,
      tty: true,
    })
    const stdout = new Collector()
    const stdin = new PassThrough()
    const running = memory.runtime.startAttached(id, { stdin, stdout })
    stdin.write('ax\x7fb\r')
    await stdout.until('ab\r\nab\r\n'.slice(-4))
    stdin.write('\x04')
    expect(await running).toBe(0)
    expect(stdout.text).toBe('ax\b \bb\r\nab\r\n')
  })

  it('sends SIGINT at Ctrl-C', async () => {
    await using memory = await openMemory()
    const command = ['sh', '-c', 'echo ready; sleep 100']
    const id = await memory.runtime.createContainer({ image: 'busybox', command, interactive: true, tty: true })
    const stdin = new PassThrough()
    const stdout = new Collector()
    const running = memory.runtime.startAttached(id, { stdin, stdout })
    await stdout.until('ready')
    stdin.write('\x03')
    expect(await running).toBe(130)
  })

  it('keeps the size from before the start, changes it while running, and ignores it after the end', async () => {
    await using memory = await openMemory()
    const { runtime } = memory
    const command = ['sh', '-c', 'stty size; head -n 1; stty size']
    const id = await runtime.createContainer({ image: 'busybox', command, interactive: true, tty: true })
    await runtime.resizeTTY(id, { height: 10, width: 20 })
    const stdout = new Collector()
    const stdin = new PassThrough()
    const running = runtime.startAttached(id, { stdin, stdout })
    await stdout.until('10 20\r\n')
    await runtime.resizeTTY(id, { height: 30, width: 40 })
    stdin.write('go\r')
    expect(await running).toBe(0)
    expect(stdout.text).toContain('30 40\r\n')
    await runtime.resizeTTY(id, { height: 1, width: 1 })
  })

  it('has no effect on a container without a terminal', async () => {
    await using memory = await openMemory({ unsupportedOptions: ['tty.resize'] })
    const { runtime } = memory
    const id = await runtime.createContainer({ image: 'busybox', command: ['sleep', '100'] })
    await runtime.resizeTTY(id, { height: 10, width: 20 })
    await runtime.startContainer(id)
    await runtime.resizeTTY(id, { height: 10, width: 20 })
    await runtime.stopContainer(id, { graceMs: 0 })
    await runtime.resizeTTY(id, { height: 10, width: 20 })
  })

  it('rejects with OPTION_UNSUPPORTED for a terminal when "tty.resize" is unsupported', async () => {
    await using memory = await openMemory({ unsupportedOptions: ['tty.resize'] })
    const id = await memory.runtime.createContainer({ image: 'busybox', tty: true })
    await expect(memory.runtime.resizeTTY(id, { height: 10, width: 20 })).rejects.toMatchObject({
      code: 'OPTION_UNSUPPORTED',
      facts: { field: 'tty.resize' },
    })
  })

  it('sets the initial size of the session', async () => {
    await using memory = await openMemory()
    const id = await memory.runtime.createContainer({ image: 'busybox', command: ['stty', 'size'], tty: true })
    const stdout = new Collector()
    await memory.runtime.startAttached(id, { stdout, initialSize: { height: 5, width: 6 } })
    expect(stdout.text).toBe('5 6\r\n')
  })

  it('ignores the initial size of a container without a terminal', async () => {
    const main: MemoryProgram = async ({ terminalSize }) => (terminalSize() === undefined ? 0 : 1)
    await using memory = await openMemory({ images: { app: { main } } })
    const id = await memory.runtime.createContainer({ image: 'app' })
    expect(await memory.runtime.startAttached(id, { initialSize: { height: 5, width: 6 } })).toBe(0)
  })

  it.each([
    [0, 0],
    [70_000, 1],
    [1.5, 1],
    [Number.NaN, 1],
  ])('rejects a size of %d × %d with INVALID_ARGUMENT', async (height, width) => {
    await using memory = await openMemory()
    const id = await memory.runtime.createContainer({ image: 'busybox', tty: true })
    const invalid = { code: 'INVALID_ARGUMENT', facts: { field: 'size.height' } }
    await expect(memory.runtime.resizeTTY(id, { height, width })).rejects.toMatchObject(invalid)
  })

  it('rejects with CONTAINER_NOT_FOUND for a missing container', async () => {
    await using memory = await openMemory()
    await expect(memory.runtime.resizeTTY('none', { height: 1, width: 1 })).rejects.toMatchObject({
      code: 'CONTAINER_NOT_FOUND',
    })
  })
})
