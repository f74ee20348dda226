import { getEventListeners, once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { linkSignals } from '../../../src/operation/signals/link-signals.js'

describe('linkSignals', () => {
  it('aborts with the reason of the first source that aborts, also before the call', () => {
    const [one, two] = [new AbortController(), new AbortController()]
    const { signal } = linkSignals([undefined, one.signal, two.signal])
    two.abort('second')
    one.abort('first')
    expect(signal.reason).toBe('second')
    expect(linkSignals([AbortSignal.abort('before')]).signal.reason).toBe('before')
  })

  it('can be aborted without aborting its sources', () => {
    const source = new AbortController()
    const linked = linkSignals([source.signal])
    linked.abort('own')
    expect([linked.signal.reason, source.signal.aborted]).toEqual(['own', false])
  })

  it('removes its listeners from its sources on unlink', () => {
    const source = new AbortController()
    const linked = linkSignals([source.signal])
    linked.unlink()
    expect(getEventListeners(source.signal, 'abort')).toEqual([])
    source.abort()
    expect(linked.signal.aborted).toBe(false)
  })

  it('aborts with a delay, and not if it is unlinked before', async () => {
    const source = new AbortController()
    const linked = linkSignals([source.signal], { delayMs: 5 })
    const unlinked = linkSignals([source.signal], { delayMs: 1 })
    source.abort('enough')
    unlinked.unlink()
    expect(linked.signal.aborted).toBe(false)
    await once(linked.signal, 'abort')
    expect([linked.signal.reason, unlinked.signal.aborted]).toEqual(['enough', false])
  })
})
