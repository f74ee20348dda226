import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { untilAborted } from '../../../src/operation/signals/until-aborted.js'

describe('untilAborted', () => {
  it('settles with the promise, and removes its listener from the signal', async () => {
    const { signal } = new AbortController()
    expect(await untilAborted(Promise.resolve(7), signal)).toBe(7)
    await expect(untilAborted(Promise.reject(new Error('no')), signal)).rejects.toThrow('no')
    expect(await untilAborted(Promise.resolve(7), undefined)).toBe(7)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('rejects with the reason of an abort, also of one before the call', async () => {
    const controller = new AbortController()
    const waiting = untilAborted(new Promise(() => {}), controller.signal)
    controller.abort('enough')
    await expect(waiting).rejects.toBe('enough')
    await expect(untilAborted(Promise.resolve(7), controller.signal)).rejects.toBe('enough')
  })

  it('causes no unhandled rejection when the promise rejects after the abort', async () => {
    const unhandled: unknown[] = []
    const note = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', note)
    let fail: (error: Error) => void = () => undefined
    const late = new Promise<void>((_, reject) => {
      fail = reject
    })
    const reason = new Error('stop')
    await expect(untilAborted(late, AbortSignal.abort(reason))).rejects.toBe(reason)
    fail(new Error('too late'))
    await new Promise((resolve) => setImmediate(resolve)) // a rejection is told of after the turn that caused it
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })
})
