import { describe, expect, test } from 'vitest'
import { findProcess, isRunning, parseStat } from '../../../tools/engine/process-identity.mjs'

test('a name with blanks and parentheses does not shift the fields', () => {
  const stat = `7 (a) b (c) S ${Array.from({ length: 18 }, (_, index) => index).join(' ')} 4711 0`
  expect(parseStat(stat)).toEqual({ name: 'a) b (c', state: 'S', startTime: '4711' })
})

describe.skipIf(process.platform !== 'linux')('on Linux', () => {
  test('a process knows itself again', () => {
    const own = findProcess(process.pid)
    expect(own && isRunning(own)).toBe(true)
  })

  test('another process with the same number is not taken for it', () => {
    const own = findProcess(process.pid)
    expect(own && isRunning({ ...own, startTime: '1' })).toBe(false)
    expect(own && isRunning({ ...own, bootId: 'an earlier one' })).toBe(false)
  })

  test('a number that nobody has is nobody', () => {
    expect(findProcess(2 ** 30)).toBeUndefined()
  })
})
