import { describe, expect, it } from 'vitest'
import { createUndoStack } from '../../src/plugin.js'

describe('the undo stack', () => {
  it('runs its steps in reverse, once', async () => {
    const done: string[] = []
    const undo = createUndoStack()
    undo.add('network', async () => done.push('network'))
    undo.add('container', async () => done.push('container'))
    await undo.run()
    await undo.run()
    expect(done).toEqual(['container', 'network'])
  })

  it('runs the rest when a step fails, and returns the failures in order', async () => {
    const done: string[] = []
    const undo = createUndoStack()
    undo.add('network', async () => done.push('network'))
    undo.add('container', () => Promise.reject(new Error('busy')))
    undo.add('volume', () => {
      throw new Error('gone wrong at once')
    })
    expect(await undo.run()).toMatchObject([{ message: 'gone wrong at once' }, { message: 'busy' }])
    expect(done).toEqual(['network'])
  })

  it('runs once for concurrent calls', async () => {
    const done: string[] = []
    let release: () => void = () => undefined
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const undo = createUndoStack()
    undo.add('network', async () => done.push('network'))
    undo.add('container', async () => {
      await released
      done.push('container')
      throw new Error('busy')
    })
    const runs = [undo.run(), undo.run()]
    release()
    expect(await Promise.all(runs)).toMatchObject([[{ message: 'busy' }], [{ message: 'busy' }]])
    expect(done).toEqual(['container', 'network'])
  })

  it('rejects a time limit that timers treat as 1 ms', () => {
    expect(() => createUndoStack({ timeoutMs: Number.POSITIVE_INFINITY })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', facts: expect.objectContaining({ field: 'timeoutMs' }) }),
    )
  })

  it('removes its steps without running them on clear', async () => {
    const done: string[] = []
    const undo = createUndoStack()
    undo.add('network', async () => done.push('network'))
    undo.clear()
    expect(await undo.run()).toEqual([])
    expect(done).toEqual([])
  })

  it('runs its steps when it is disposed', async () => {
    const done: string[] = []
    {
      await using undo = createUndoStack()
      undo.add('network', async () => done.push('network'))
    }
    expect(done).toEqual(['network'])
  })

  it('passes its own signal to each step, and does not wait for a step after the time limit', async () => {
    const signals: boolean[] = []
    const undo = createUndoStack({ timeoutMs: 20 })
    undo.add('network', async ({ signal }) => signals.push(signal.aborted))
    undo.add('hanging', ({ signal }) => {
      signals.push(signal.aborted)
      return new Promise(() => undefined)
    })
    const failures = await undo.run()
    expect(failures).toMatchObject([
      { code: 'TIMED_OUT', facts: { operation: 'undo of hanging', timeoutMs: 20 } },
      { code: 'TIMED_OUT', facts: { operation: 'undo of network' } },
    ])
    expect(signals).toEqual([false])
  })
})
