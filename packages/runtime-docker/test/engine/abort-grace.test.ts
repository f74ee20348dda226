import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { withAbortGrace } from '../../src/engine/abort-grace.js'
import { startFakeEngine } from '../fake/fake-docker-engine.js'

const thing = { operation: 'op', subject: 'thing' }

/** Rejects with the reason when the signal aborts. */
function untilAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
}

test('resolves with an answer that arrives within the grace period', async () => {
  const { engine } = await startFakeEngine()
  const controller = new AbortController()
  const call = { ...thing, signal: controller.signal }
  const made = await withAbortGrace(engine, call, async ({ signal }) => {
    controller.abort('enough')
    expect(signal.aborted).toBe(false)
    return 'made'
  })
  expect(made).toBe('made')
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
})

test('rejects with the reason after the grace period, and removes its listeners from the signal', async () => {
  const { engine } = await startFakeEngine({}, { abortGraceMs: 5 })
  const controller = new AbortController()
  const worked = withAbortGrace(engine, { ...thing, signal: controller.signal }, ({ signal }) => untilAbort(signal))
  controller.abort('enough')
  await expect(worked).rejects.toBe('enough')
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
})

test('applies the same grace period after closing, and sends requests within it', async () => {
  const { engine } = await startFakeEngine()
  const request = { method: 'GET', path: '/info' } as const
  let answer: unknown
  const running = engine.operations.run(thing, {}, (call) =>
    withAbortGrace(engine, call, async (graceCall) => {
      void engine.close()
      await expect(engine.sendJson({ ...call, ...request })).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
      answer = await engine.sendJson({ ...graceCall, ...request })
    }),
  )
  await expect(running).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
  expect(answer).toMatchObject({ NCPU: 2 })
})

test('does not call the work when the signal has aborted before', async () => {
  const { engine } = await startFakeEngine()
  const work = () => Promise.reject(new Error('begun'))
  const signal = AbortSignal.abort('before')
  await expect(withAbortGrace(engine, { ...thing, signal }, work)).rejects.toBe('before')
})
