import { describe, expect, it } from 'vitest'
import type { EventOptions, RuntimeEvent } from '../../../src/contract/managers/event-stream.js'
import { OperationScope } from '../../../src/operation/operation-scope.js'
import type { StreamCall } from '../../../src/operation/streams/create-stream.js'
import { type EventSink, openEventSubscription } from '../../../src/operation/streams/event-subscription.js'

describe('openEventSubscription', () => {
  it('yields the events that arrived before the iteration began, then the later ones, until the source ends', async () => {
    const { subscription, sink } = await open()
    sink.push(createEvent('one'))
    sink.push(createEvent('two'))
    const reading = readNames(subscription)
    await Promise.resolve()
    sink.push(createEvent('three'))
    sink.end()
    sink.push(createEvent('late'))
    expect(await reading).toEqual(['one', 'two', 'three'])
  })

  it('rejects with the error of the source after the events before it', async () => {
    const { subscription, sink } = await open()
    const error = new Error('the connection was lost')
    sink.push(createEvent('one'))
    sink.end(error)
    const names: string[] = []
    await expect(readNames(subscription, names)).rejects.toBe(error)
    expect(names).toEqual(['one'])
  })

  it('aborts the source and rejects after the events that were kept when 10 000 events are not read', async () => {
    const { subscription, sink, call } = await open()
    for (let number = 0; number < 10_001; number += 1) sink.push(createEvent(String(number)))
    expect(call.signal.aborted).toBe(true)
    const names: string[] = []
    await expect(readNames(subscription, names)).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      facts: { operation: 'events', reason: '10000 events were not read' },
    })
    expect(names.length).toBe(10_000)
  })

  it('passes more than 10 000 events to a reader that keeps up', async () => {
    const { subscription, sink } = await open()
    const iterator = subscription[Symbol.asyncIterator]()
    for (let number = 0; number < 25_000; number += 1) {
      sink.push(createEvent(String(number)))
      expect((await iterator.next()).value).toMatchObject({ name: String(number) })
    }
  })

  it('rejects with the reason of an abort, and aborts the source', async () => {
    const controller = new AbortController()
    const { subscription, sink, call } = await open({ signal: controller.signal })
    sink.push(createEvent('one'))
    const reading = subscription[Symbol.asyncIterator]()
    expect((await reading.next()).value).toMatchObject({ name: 'one' })
    const next = reading.next()
    controller.abort('seen enough')
    await expect(next).rejects.toBe('seen enough')
    expect(call.signal.aborted).toBe(true)
  })

  it('settles calls of `next` that wait at once in their order', async () => {
    const { subscription, sink, call } = await open()
    const iterator = subscription[Symbol.asyncIterator]()
    const error = new Error('the connection was lost')
    const results = Promise.allSettled([iterator.next(), iterator.next(), iterator.next(), iterator.next()])
    sink.push(createEvent('one'))
    sink.push(createEvent('two'))
    sink.end(error)
    expect(await results).toMatchObject([
      { value: { done: false, value: { name: 'one' } } },
      { value: { done: false, value: { name: 'two' } } },
      { status: 'rejected', reason: error },
      { value: { done: true } },
    ])
    expect(call.signal.aborted).toBe(true)
  })

  it('yields no event after the iteration was left, also one that was kept', async () => {
    const { subscription, sink } = await open()
    sink.push(createEvent('one'))
    sink.push(createEvent('two'))
    for await (const _ of subscription) break
    sink.push(createEvent('three'))
    expect(await readNames(subscription)).toEqual([])
  })

  it('ends the iteration and aborts the source when it is disposed, also before the iteration', async () => {
    for (const isIterating of [false, true]) {
      const { subscription, call } = await open()
      const reading = isIterating ? readNames(subscription) : undefined
      await subscription[Symbol.asyncDispose]()
      await subscription[Symbol.asyncDispose]()
      expect(call.signal.aborted).toBe(true)
      expect(await (reading ?? readNames(subscription))).toEqual([])
    }
  })

  it('aborts the source when the loop is left', async () => {
    const { subscription, sink, call } = await open()
    sink.push(createEvent('one'))
    for await (const _ of subscription) break
    expect(call.signal.aborted).toBe(true)
  })

  it('rejects with RUNTIME_UNAVAILABLE when the runtime is closed, and then cannot be opened', async () => {
    const operations = new OperationScope()
    const { subscription } = await open({}, operations)
    const reading = readNames(subscription)
    await operations.close()
    await expect(reading).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
    await expect(open({}, operations)).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
  })

  it('rejects with the error of `open`, and with the reason of an abort while `open` is pending', async () => {
    const operations = new OperationScope()
    const error = new Error('refused')
    const failing = openEventSubscription({ operations, options: {} }, () => Promise.reject(error))
    await expect(failing).rejects.toBe(error)
    const controller = new AbortController()
    const options = { signal: controller.signal }
    const pending = openEventSubscription({ operations, options }, () => new Promise(() => {}))
    controller.abort('too slow')
    await expect(pending).rejects.toBe('too slow')
  })
})

async function open(options: EventOptions = {}, operations: OperationScope = new OperationScope()) {
  const opened: { call: StreamCall; sink: EventSink }[] = []
  const subscription = await openEventSubscription({ operations, options }, async (call, sink) => {
    opened.push({ call, sink })
  })
  const [first] = opened
  if (first === undefined) throw new Error('`open` was not called')
  return { subscription, ...first }
}

async function readNames(events: AsyncIterable<RuntimeEvent>, names: string[] = []): Promise<readonly string[]> {
  for await (const event of events) names.push('name' in event ? event.name : '')
  return names
}

function createEvent(name: string): RuntimeEvent {
  return { kind: 'volume', action: 'created', name, timestamp: '2026-01-01T00:00:00.000000000Z' }
}
