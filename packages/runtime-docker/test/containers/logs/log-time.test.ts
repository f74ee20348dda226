import { expect, test } from 'vitest'
import { toEngineTime } from '../../../src/containers/logs/log-time.js'

test.each([
  [new Date('2026-01-02T03:04:05.678Z'), '1767323045.678'],
  ['2026-01-02T03:04:05Z', '1767323045'],
  ['2026-01-02T03:04:05.123456789Z', '1767323045.123456789'],
  ['2026-01-02T05:04:05.1+02:00', '1767323045.100000000'],
])('converts %s to %s without losing nanoseconds', (moment, expected) => {
  expect(toEngineTime(moment)).toBe(expected)
})
