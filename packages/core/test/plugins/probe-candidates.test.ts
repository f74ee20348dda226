import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { isHostError } from '../../src/index.js'
import { type ProbeAttempt, probeCandidates } from '../../src/plugin.js'

const options = { timeoutMs: 20, env: {} }

function describeAttempt(candidate: string, error: unknown): ProbeAttempt {
  const code = isHostError(error) ? error.code : 'ECONNREFUSED'
  return { candidate, source: 'test', step: 'connect', cause: { code, message: String(error) }, remedy: 'none' }
}

describe('probeCandidates', () => {
  it('resolves with the first candidate in order that succeeds, and the attempts before it', async () => {
    let answerSecond: (value: string) => void = () => undefined
    const second = new Promise<string>((resolve) => {
      answerSecond = resolve
    })
    const probe = async (candidate: string) => {
      if (candidate === 'first') throw new Error('refused')
      if (candidate === 'second') return second
      answerSecond('answer of the second')
      return 'answer of the third'
    }
    const { found, attempts } = await probeCandidates(['first', 'second', 'third'], probe, describeAttempt, options)
    expect(found).toEqual({ candidate: 'second', result: 'answer of the second' })
    expect(attempts.map(({ candidate }) => candidate)).toEqual(['first'])
  })

  it('probes all candidates concurrently, each with the whole limit', async () => {
    let started = 0
    const probe = () => {
      started += 1
      return new Promise<never>(() => undefined)
    }
    const { found, attempts } = await probeCandidates(['a', 'b', 'c'], probe, describeAttempt, options)
    expect(found).toBeUndefined()
    expect(started).toBe(3)
    expect(attempts.map(({ cause }) => cause.code)).toEqual(['TIMED_OUT', 'TIMED_OUT', 'TIMED_OUT'])
  })

  it('aborts a probe that exceeds its limit', async () => {
    const told: unknown[] = []
    const probe = (_: string, { signal }: { readonly signal?: AbortSignal | undefined }) => {
      signal?.addEventListener('abort', () => told.push(signal.reason))
      return new Promise<never>(() => undefined)
    }
    await probeCandidates(['a'], probe, describeAttempt, options)
    expect(told).toMatchObject([{ code: 'TIMED_OUT' }])
  })

  it('aborts the other probes when a candidate is found', async () => {
    const ended = new Promise<unknown>((resolve) => {
      const probe = async (candidate: string, { signal }: { readonly signal?: AbortSignal | undefined }) => {
        if (candidate === 'first') return 'answer'
        signal?.addEventListener('abort', () => resolve(signal.reason))
        return new Promise<never>(() => undefined)
      }
      void probeCandidates(['first', 'silent'], probe, describeAttempt, { ...options, timeoutMs: 1_000_000 })
    })
    expect(await ended).toMatchObject({ message: 'another endpoint was found, or the probe was aborted' })
  })

  it('removes its listeners from the signal of the caller', async () => {
    const { signal } = new AbortController()
    await probeCandidates(['a', 'b'], async () => 'answer', describeAttempt, { ...options, signal })
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('rejects with the reason of an abort', async () => {
    const reason = new Error('stop')
    const controller = new AbortController()
    const probe = () => {
      controller.abort(reason)
      return new Promise<never>(() => undefined)
    }
    const probing = probeCandidates(['a'], probe, describeAttempt, { ...options, signal: controller.signal })
    await expect(probing).rejects.toBe(reason)
  })
})
