import { describe, expect, test } from 'vitest'
import { findProcess, isRunning, parseStat } from '../../../tools/engine/process-identity.mjs'

test('a process name with spaces and parentheses is parsed', () => {
  const stat = `7 (a) b (c) S ${Array.from({ length: 18 }, (_, index) => index).join(' ')} 4711 0`
  expect(parseStat(stat)).toEqual({ name: 'a) b (c', state: 'S', startTime: '4711' })
})

describe.skipIf(process.platform !== 'linux')('on Linux', () => {
  test('a process has the same identity twice', () => {
    const own = findProcess(process.pid)
    expect(own && isRunning(own)).toBe(true)
  })

  test('another process with the same pid has another identity', () => {
    const own = findProcess(process.pid)
    expect(own && isRunning({ ...own, startTime: '1' })).toBe(false)
    expect(own && isRunning({ ...own, bootId: 'an earlier one' })).toBe(false)
  })

  test('an unused pid has no identity', () => {
    expect(findProcess(2 ** 30)).toBeUndefined()
  })
})
