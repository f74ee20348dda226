import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { withAnswerGrace } from '../../src/unanswered/answer-grace.js'
import { startFakeEngine } from '../fake/fake-docker-engine.js'

/** Settles as the signal says. */
function untilAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
}

test('an answer that comes within the grace is the outcome', async () => {
  const { engine } = await startFakeEngine()
  const controller = new AbortController()
  const made = await withAnswerGrace(engine, controller, async ({ signal, wanted }) => {
    controller.abort('enough')
    expect([signal.aborted, wanted.aborted]).toEqual([false, true])
    return 'made'
  })
  expect(made).toBe('made')
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
})

test('after the grace the reason comes through, and nothing is left on the signals', async () => {
  const { engine } = await startFakeEngine({}, { abortGraceMs: 5 })
  const controller = new AbortController()
  const worked = withAnswerGrace(engine, controller, ({ signal }) => untilAbort(signal))
  controller.abort('enough')
  await expect(worked).rejects.toBe('enough')
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
  expect(getEventListeners(engine.ending, 'abort')).toHaveLength(0)
})

test('closing has the same grace, and requests go on within it', async () => {
  const { engine } = await startFakeEngine()
  const call = { operation: 'op', subject: 'thing', method: 'GET', path: '/info' } as const
  const answered = engine.keepOpen(() =>
    withAnswerGrace(engine, {}, async ({ engine: patient, signal }) => {
      await Promise.resolve() // what is under way is known by now
      void engine.close()
      await expect(engine.sendJson(call)).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
      return patient.sendJson({ ...call, signal })
    }),
  )
  expect(await answered).toMatchObject({ NCPU: 2 })
})

test('what was aborted before, or is closed, is not begun', async () => {
  const { engine } = await startFakeEngine()
  const work = () => Promise.reject(new Error('begun'))
  await expect(withAnswerGrace(engine, { signal: AbortSignal.abort('before') }, work)).rejects.toBe('before')
  await engine.close()
  await expect(withAnswerGrace(engine, {}, work)).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
})
