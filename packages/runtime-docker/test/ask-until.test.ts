import { expect, test } from 'vitest'
import { askUntil } from '../src/ask-until.js'

const unheard: AbortSignal | undefined = undefined

test('the first answer is given, and nothing is asked after it', async () => {
  const answers = [undefined, undefined, 'yes', 'more']
  expect(await askUntil(async () => answers.shift(), { limitMs: 1_000, signal: unheard })).toBe('yes')
  expect(answers).toEqual(['more'])
})

test('false and nothing are answers; undefined is none', async () => {
  expect(await askUntil(async () => false, { limitMs: 1_000, signal: unheard })).toBe(false)
})

test('without an answer it ends when the time is over, having asked ever more slowly', async () => {
  let count = 0
  const ask = async () => {
    count += 1
    return undefined
  }
  expect(await askUntil(ask, { limitMs: 30, signal: unheard })).toBeUndefined()
  expect(count).toBe(5) // after 0, 2, 6, 14 and 30 ms
  expect(await askUntil(ask, { limitMs: 0, signal: unheard })).toBeUndefined()
  expect(count).toBe(6)
})

test('an abort rejects with its reason; what the asking throws passes through', async () => {
  const controller = new AbortController()
  const ask = async () => controller.abort('enough') as undefined
  await expect(askUntil(ask, { limitMs: 1_000, signal: controller.signal })).rejects.toBe('enough')
  const broken = () => Promise.reject(new Error('broken'))
  await expect(askUntil(broken, { limitMs: 1_000, signal: unheard })).rejects.toThrow('broken')
})
