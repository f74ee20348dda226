import { PassThrough, Writable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { CallerStreamWriter, type OutputChunk, pumpOutput } from '../../../src/plugin.js'

const call = { operation: 'attach', subject: 'web' }

/** A stream that processes each write when it is told to. */
class SlowWritable extends Writable {
  readonly written: string[] = []
  #done: ((error?: Error) => void)[] = []

  constructor() {
    super({ highWaterMark: 1 })
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.written.push(chunk.toString())
    this.#done.push(done)
  }

  async proceed(error?: Error): Promise<void> {
    this.#done.shift()?.(error)
    await setImmediate()
  }
}

async function* toChunks(texts: readonly string[], error?: Error): AsyncGenerator<OutputChunk, void> {
  for (const text of texts) yield { source: text.startsWith('!') ? 'stderr' : 'stdout', bytes: Buffer.from(text) }
  if (error !== undefined) throw error
}

/** Reads what the stream has buffered; `read` may return one chunk at a time. */
function readAll(stream: PassThrough): string {
  let text = ''
  for (let chunk: unknown = stream.read(); chunk !== null; chunk = stream.read()) text += String(chunk)
  return text
}

describe('pumpOutput', () => {
  it('copies each output to its stream, and does not end the streams', async () => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()]
    await pumpOutput(toChunks(['one ', '!two', 'three']), { stdout, stderr }, call)
    expect([readAll(stdout), readAll(stderr)]).toEqual(['one three', '!two'])
    expect([stdout.writableEnded, stderr.writableEnded]).toEqual([false, false])
  })

  it('discards the output of a stream that is not given', async () => {
    const stdout = new PassThrough()
    await pumpOutput(toChunks(['one', '!two']), { stdout }, call)
    expect(readAll(stdout)).toBe('one')
  })

  it('reads no faster than the stream accepts data, and waits until the last write is processed', async () => {
    const stdout = new SlowWritable()
    const events: string[] = []
    const pumping = pumpOutput(toChunks(['one', 'two']), { stdout }, call).then(() => events.push('done'))
    await setImmediate()
    expect(stdout.written).toEqual(['one'])
    await stdout.proceed()
    expect({ written: stdout.written, events }).toEqual({ written: ['one', 'two'], events: [] })
    await stdout.proceed()
    await pumping
  })

  it('writes the output before an error of the output, then rejects with the error', async () => {
    const stdout = new SlowWritable()
    const events: string[] = []
    const pumping = pumpOutput(toChunks(['one'], new Error('cut off')), { stdout }, call).catch((error: Error) =>
      events.push(error.message),
    )
    await setImmediate()
    expect(events).toEqual([])
    await stdout.proceed()
    await pumping
    expect(events).toEqual(['cut off'])
  })

  it('rejects with OPERATION_FAILED when a stream fails, and removes its listeners', async () => {
    const stdout = new SlowWritable()
    const pumping = pumpOutput(toChunks(['one', 'two']), { stdout }, call)
    await setImmediate()
    const reason = 'the stream for the output has failed: no space left'
    const failing = expect(pumping).rejects.toMatchObject({ code: 'OPERATION_FAILED', facts: { ...call, reason } })
    await stdout.proceed(new Error('no space left'))
    await failing
    expect(stdout.listenerCount('drain')).toBe(0)
  })

  it('rejects with OPERATION_FAILED for output to a stream that is closed', async () => {
    const reason = 'the stream for the output has failed or is closed'
    const pumping = pumpOutput(toChunks(['one']), { stdout: new PassThrough().destroy() }, call)
    await expect(pumping).rejects.toMatchObject({ code: 'OPERATION_FAILED', facts: { reason } })
  })

  it('rejects with the reason of an abort while a stream accepts no data', async () => {
    const abort = new AbortController()
    const reason = new Error('enough')
    const stdout = new SlowWritable()
    const pumping = pumpOutput(toChunks(['one', 'two']), { stdout }, { ...call, signal: abort.signal })
    await setImmediate()
    abort.abort(reason)
    await expect(pumping).rejects.toBe(reason)
  })
})

describe('CallerStreamWriter', () => {
  it('resolves all concurrent calls that wait', async () => {
    const stream = new SlowWritable()
    const writer = new CallerStreamWriter(stream, call)
    writer.write(Buffer.from('one'))
    const waiting = Promise.all([
      writer.waitForWrites(undefined),
      writer.waitForDrain(undefined),
      writer.waitForWrites(undefined),
    ])
    await stream.proceed()
    await waiting
    writer.release()
  })
})
