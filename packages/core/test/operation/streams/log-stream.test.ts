import { describe, expect, it } from 'vitest'
import type { LogChunk } from '../../../src/contract/container/logs.js'
import { OperationScope } from '../../../src/operation/operation-scope.js'
import type { StreamCall } from '../../../src/operation/streams/create-stream.js'
import { createLogStream } from '../../../src/operation/streams/log-stream.js'
import { delay } from '../../../src/operation/wait.js'

describe('createLogStream', () => {
  it('calls the reader when the iteration begins, with the operation and the container', async () => {
    const calls: StreamCall[] = []
    const stream = createLogStream({ operations: new OperationScope(), id: 'c1', options: {} }, async function* (call) {
      calls.push(call)
      yield chunk
    })
    expect(calls).toEqual([])
    expect(await readAll(stream)).toEqual([chunk])
    expect(calls).toMatchObject([{ operation: 'containerLogs', subject: 'c1', hasCallerSignal: false }])
  })

  it('ends a pending read when it is disposed, and yields nothing after that', async () => {
    const { stream, waiting } = createWaitingStream()
    const reading = readAll(stream)
    await waiting
    await stream[Symbol.asyncDispose]()
    await stream[Symbol.asyncDispose]()
    expect(await reading).toEqual([])
    expect(await readAll(stream)).toEqual([])
  })

  it('rejects with the reason of an abort, also when the reader resolves', async () => {
    const controller = new AbortController()
    const options = { signal: controller.signal }
    const stream = createLogStream({ operations: new OperationScope(), id: 'c1', options }, async function* () {
      yield chunk
      controller.abort('read enough')
    })
    await expect(readAll(stream)).rejects.toBe('read enough')
  })

  it('rejects with RUNTIME_UNAVAILABLE when the runtime is closed during and before a read', async () => {
    const operations = new OperationScope()
    const { stream, waiting } = createWaitingStream(operations)
    const reading = readAll(stream)
    await waiting
    await Promise.all([expect(reading).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' }), operations.close()])
    expect(() => createWaitingStream(operations)).toThrow(expect.objectContaining({ code: 'RUNTIME_UNAVAILABLE' }))
  })

  it('rejects with the error of the reader', async () => {
    const error = new Error('the engine has failed')
    const stream = createLogStream({ operations: new OperationScope(), id: 'c1', options: {} }, async function* () {
      yield await Promise.reject(error)
    })
    await expect(readAll(stream)).rejects.toBe(error)
  })
})

function createWaitingStream(operations: OperationScope = new OperationScope()) {
  let begin = () => {}
  const waiting = new Promise<void>((resolve) => {
    begin = resolve
  })
  const stream = createLogStream({ operations, id: 'c1', options: {} }, async function* ({ signal }) {
    begin()
    await delay(60_000, { signal })
    yield chunk
  })
  return { stream, waiting }
}

async function readAll(stream: AsyncIterable<LogChunk>): Promise<readonly LogChunk[]> {
  const chunks: LogChunk[] = []
  for await (const read of stream) chunks.push(read)
  return chunks
}

const chunk: LogChunk = { source: 'combined', bytes: Buffer.from('line\n') }
