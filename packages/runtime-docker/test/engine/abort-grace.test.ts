import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { withAbortGrace } from '../../src/engine/abort-grace.js'
import { startFakeEngine } from '../fake/fake-docker-engine.js'

const thing = { operation: 'op', subject: 'thing' }

/** Settles as the signal says. */
function untilAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
}

test('an answer that comes within the grace is the outcome', async () => {
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

test('rejects with the reason after the grace, and leaves no listener on the signal', async () => {
  const { engine } = await startFakeEngine({}, { abortGraceMs: 5 })
  const controller = new AbortController()
  const worked = withAbortGrace(engine, { ...thing, signal: controller.signal }, ({ signal }) => untilAbort(signal))
  controller.abort('enough')
  await expect(worked).rejects.toBe('enough')
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
})

test('closing has the same grace, and requests go on within it', async () => {
  const { engine } = await startFakeEngine()
  const request = { method: 'GET', path: '/info' } as const
  let answer: unknown
  const running = engine.operations.run(thing, {}, (call) =>
    withAbortGrace(engine, call, async (patient) => {
      void engine.close()
      await expect(engine.sendJson({ ...call, ...request })).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
      answer = await engine.sendJson({ ...patient, ...request })
    }),
  )
  await expect(running).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
  expect(answer).toMatchObject({ NCPU: 2 })
})

test('does not begin when the signal has aborted before', async () => {
  const { engine } = await startFakeEngine()
  const work = () => Promise.reject(new Error('begun'))
  const signal = AbortSignal.abort('before')
  await expect(withAbortGrace(engine, { ...thing, signal }, work)).rejects.toBe('before')
})
