import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { withAnswerGrace } from '../../src/unanswered/answer-grace.js'

/** Settles as the signal says. */
function untilAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
}

test('an answer that comes within the grace is the outcome', async () => {
  const controller = new AbortController()
  const work = async (late: AbortSignal) => {
    controller.abort('enough')
    expect(late.aborted).toBe(false)
    return 'made'
  }
  expect(await withAnswerGrace({ signal: controller.signal, graceMs: 1_000 }, work)).toBe('made')
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
})

test('after the grace the reason comes through, and nothing is left on the signal', async () => {
  const controller = new AbortController()
  const worked = withAnswerGrace({ signal: controller.signal, graceMs: 5 }, untilAbort)
  controller.abort('enough')
  await expect(worked).rejects.toBe('enough')
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
})

test('what was aborted before has no grace', async () => {
  const work = async (late: AbortSignal) => late.reason
  expect(await withAnswerGrace({ signal: AbortSignal.abort('before'), graceMs: 1_000 }, work)).toBe('before')
})
