import { expect, it } from 'vitest'
import { untilAborted } from '../src/wait.js'

it('a promise that fails after the abort is no unhandled rejection', async () => {
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
