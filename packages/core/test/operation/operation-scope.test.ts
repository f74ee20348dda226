import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { findUndoFailures, type Operation, OperationScope, untilAborted } from '../../src/plugin.js'

const runtime = { runtime: 'test', endpoint: 'in this process' }
const creation = { operation: 'createVolume', subject: 'data' }

/** An operation that creates something, then waits until it is aborted. */
function createAndWait(removed: string[], { remove = async () => {} }: { readonly remove?: () => Promise<void> } = {}) {
  return async ({ undo, signal }: Operation) => {
    undo.add('volume data', async () => {
      await remove()
      removed.push('data')
    })
    await untilAborted(new Promise<never>(() => {}), signal)
  }
}

function createGate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open: () => open() }
}

describe('OperationScope.run', () => {
  it('resolves with the result of the action, and undoes nothing', async () => {
    const removed: string[] = []
    const result = await new OperationScope().run(creation, {}, ({ undo }) => {
      undo.add('volume data', async () => removed.push('data'))
      return 'created'
    })
    expect({ result, removed }).toEqual({ result: 'created', removed: [] })
  })

  it('passes operation, subject and hasCallerSignal to the action', async () => {
    const scope = new OperationScope()
    const read = ({ operation, subject, hasCallerSignal }: Operation) => ({ operation, subject, hasCallerSignal })
    expect(await scope.run(creation, {}, read)).toEqual({ ...creation, hasCallerSignal: false })
    expect(await scope.run(creation, { signal: new AbortController().signal }, read)).toMatchObject({
      hasCallerSignal: true,
    })
  })

  it.each(['rejects', 'throws'])('undoes in reverse and keeps the error when the action %s', async (how) => {
    const removed: string[] = []
    const error = new Error('no space left')
    const running = new OperationScope().run(creation, {}, ({ undo }) => {
      undo.add('network', async () => removed.push('network'))
      undo.add('volume', async () => removed.push('volume'))
      if (how === 'throws') throw error
      return Promise.reject(error)
    })
    await expect(running).rejects.toBe(error)
    expect(removed).toEqual(['volume', 'network'])
  })

  it('records the failures of the undo with the first error', async () => {
    const error = new Error('no space left')
    const busy = new Error('busy')
    const running = new OperationScope().run(creation, {}, ({ undo }) => {
      undo.add('volume', () => Promise.reject(busy))
      throw error
    })
    await expect(running).rejects.toBe(error)
    expect(findUndoFailures(error)).toEqual([busy])
  })

  it('stops an undo that exceeds its limit, with TIMED_OUT as an undo failure', async () => {
    const error = new Error('no space left')
    const running = new OperationScope({ undoMs: 20 }).run(creation, {}, ({ undo }) => {
      undo.add('volume', () => new Promise(() => {}))
      throw error
    })
    await expect(running).rejects.toBe(error)
    expect(findUndoFailures(error)).toMatchObject([{ code: 'TIMED_OUT', facts: { timeoutMs: 20 } }])
  })

  it('rejects with the reason of an abort and undoes, under a signal that has not aborted', async () => {
    const abort = new AbortController()
    const reason = new Error('enough')
    const signals: boolean[] = []
    const running = new OperationScope().run(creation, { signal: abort.signal }, async ({ undo, signal }) => {
      undo.add('volume', async (own) => signals.push(own.signal.aborted))
      abort.abort(reason)
      await untilAborted(new Promise<never>(() => {}), signal)
    })
    await expect(running).rejects.toBe(reason)
    expect(signals).toEqual([false])
  })

  it('rejects with the reason of an abort also when the action rejects with another error', async () => {
    const abort = new AbortController()
    const reason = new Error('enough')
    const running = new OperationScope().run(creation, { signal: abort.signal }, () => {
      abort.abort(reason)
      throw new Error('socket hang up')
    })
    await expect(running).rejects.toBe(reason)
  })

  it('undoes an action that resolves after the abort', async () => {
    const abort = new AbortController()
    const removed: string[] = []
    const running = new OperationScope().run(creation, { signal: abort.signal }, ({ undo }) => {
      undo.add('volume', async () => removed.push('data'))
      abort.abort(new Error('enough'))
    })
    await expect(running).rejects.toThrow('enough')
    expect(removed).toEqual(['data'])
  })

  it('does not call the action when the signal has aborted before', async () => {
    let runs = 0
    const reason = new Error('enough')
    const running = new OperationScope().run(creation, { signal: AbortSignal.abort(reason) }, () => {
      runs += 1
    })
    await expect(running).rejects.toBe(reason)
    expect(runs).toBe(0)
  })

  it('rejects with a TimeoutError and undoes when the time limit of its signal is exceeded', async () => {
    const removed: string[] = []
    const running = new OperationScope().run(creation, { signal: AbortSignal.timeout(10) }, createAndWait(removed))
    await expect(running).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(removed).toEqual(['data'])
  })

  it('removes its listeners from the signal of the caller', async () => {
    const { signal } = new AbortController()
    const scope = new OperationScope()
    await scope.run(creation, { signal }, () => {})
    scope.begin(signal).end()
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })
})

describe('OperationScope.begin', () => {
  it('aborts with the signal of the caller until it has ended', () => {
    const abort = new AbortController()
    const scope = new OperationScope()
    const ended = scope.begin(abort.signal)
    const lasting = scope.begin(abort.signal)
    ended.end()
    abort.abort(new Error('enough'))
    expect([ended.signal.aborted, lasting.signal.reason]).toEqual([false, new Error('enough')])
  })

  it('can be aborted without the signal of the caller', () => {
    const abort = new AbortController()
    const lasting = new OperationScope().begin(abort.signal)
    lasting.abort(new Error('disposed'))
    expect([lasting.signal.aborted, abort.signal.aborted]).toEqual([true, false])
  })
})

describe('OperationScope.close', () => {
  it('aborts running operations with RUNTIME_UNAVAILABLE, and resolves when they are undone', async () => {
    const scope = new OperationScope({ runtime })
    const removed: string[] = []
    const gate = createGate()
    const running = scope.run(creation, {}, createAndWait(removed, { remove: () => gate.opened }))
    const failing = expect(running).rejects.toMatchObject({
      code: 'RUNTIME_UNAVAILABLE',
      facts: {
        runtime: 'test',
        reports: [{ chosen: false, attempts: [{ candidate: 'in this process', cause: { code: 'CLOSED' } }] }],
      },
    })
    const events: string[] = []
    const closing = scope.close().then(() => events.push('closed'))
    await new Promise((resolve) => setImmediate(resolve)) // a close that does not wait has resolved by now
    expect(events).toEqual([])
    gate.open()
    await closing
    expect(removed).toEqual(['data'])
    await failing
  })

  it('aborts lasting operations, and does not wait for them', async () => {
    const scope = new OperationScope({ runtime })
    const { signal } = scope.begin(undefined)
    await scope.close()
    expect(signal.reason).toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
  })

  it('rejects later operations with RUNTIME_UNAVAILABLE, also with an aborted signal', async () => {
    const scope = new OperationScope({ runtime })
    await scope.close()
    const closed = { code: 'RUNTIME_UNAVAILABLE', facts: { runtime: 'test' } }
    await expect(scope.run(creation, { signal: AbortSignal.abort() }, () => {})).rejects.toMatchObject(closed)
    const thrown = expect.objectContaining({ ...closed, facts: expect.objectContaining(closed.facts) })
    expect(() => scope.begin(undefined)).toThrow(thrown)
    expect(() => scope.assertOpen()).toThrow(thrown)
  })

  it('rejects each operation with its own error and undo failures', async () => {
    const scope = new OperationScope({ runtime })
    const names = ['one', 'two']
    const running = names.map((name) =>
      scope
        .run(creation, {}, createAndWait([], { remove: () => Promise.reject(new Error(name)) }))
        .catch((error: unknown) => findUndoFailures(error)),
    )
    await scope.close()
    expect(await Promise.all(running)).toMatchObject(names.map((message) => [{ message }]))
  })

  it('is idempotent: a second call waits for the first one', async () => {
    const scope = new OperationScope({ runtime })
    const gate = createGate()
    const running = scope.run(creation, {}, createAndWait([], { remove: () => gate.opened }))
    running.catch(() => {})
    const events: string[] = []
    const closings = [scope.close(), scope.close()].map((closing) => closing.then(() => events.push('closed')))
    await new Promise((resolve) => setImmediate(resolve)) // a close that does not wait has resolved by now
    expect(events).toEqual([])
    gate.open()
    await Promise.all(closings)
  })

  it('waits for an operation that closes its own scope at once', async () => {
    const scope = new OperationScope({ runtime })
    const removed: string[] = []
    let closing: Promise<void> | undefined
    const running = scope.run(creation, {}, (call) => {
      closing = scope.close()
      return createAndWait(removed)(call)
    })
    running.catch(() => {})
    await closing
    expect(removed).toEqual(['data'])
  })

  it('aborts `closed` after the undo steps', async () => {
    const scope = new OperationScope({ runtime })
    const states: boolean[] = []
    const remove = async () => void states.push(scope.closed.aborted)
    scope.run(creation, {}, createAndWait([], { remove })).catch(() => {})
    await scope.close()
    expect([...states, scope.closed.aborted]).toEqual([false, true])
    expect(scope.closed.reason).toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
  })

  it('resolves after its limit when an operation does not end', async () => {
    const scope = new OperationScope({ runtime, closeMs: 20 })
    const running = scope.run(creation, {}, () => new Promise(() => {}))
    running.catch(() => {})
    await scope.close()
    expect(() => scope.assertOpen()).toThrow(expect.objectContaining({ code: 'RUNTIME_UNAVAILABLE' }))
  })

  it('rejects without a report for the scope of a host', async () => {
    const scope = new OperationScope()
    await scope.close()
    expect(() => scope.assertOpen()).toThrow(
      expect.objectContaining({ code: 'RUNTIME_UNAVAILABLE', facts: { runtime: undefined, reports: [] } }),
    )
  })
})

// Timers of the test runner itself come and go.
describe('OperationScope with keepsAlive', { retry: 3 }, () => {
  const countTimers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length

  it('keeps the process running only during an operation', async () => {
    const scope = new OperationScope({ runtime, keepsAlive: true })
    const before = countTimers()
    const first = scope.begin(undefined)
    const second = scope.begin(undefined)
    expect(countTimers()).toBe(before + 1)
    first.end()
    expect(countTimers()).toBe(before + 1)
    second.end()
    expect(countTimers()).toBe(before)
  })

  it('does not keep the process running after it is closed', async () => {
    const scope = new OperationScope({ runtime, keepsAlive: true })
    const before = countTimers()
    scope.begin(undefined)
    await scope.close()
    expect(countTimers()).toBe(before)
  })
})
