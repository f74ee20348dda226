import { describe, expect, it } from 'vitest'
import { parseSince } from '../../src/options/since.js'

const invalid = expect.objectContaining({ code: 'INVALID_ARGUMENT' })

describe('parseSince', () => {
  const now = new Date('2026-01-31T12:00:00Z')

  it.each([
    ['2026-01-31T11:59:59.123456789Z', '2026-01-31T11:59:59.123456789Z'],
    ['2026-01-31T11:59:59+02:00', '2026-01-31T09:59:59Z'],
    ['2026-01-31T11:59Z', '2026-01-31T11:59:00Z'],
    ['2026-01-31T11-05:30', '2026-01-31T16:30:00Z'],
    ['2026-01-31Z', '2026-01-31T00:00:00Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00Z'],
    ['1769860799.5', '2026-01-31T11:59:59.5Z'],
    ['1769860799.000000001', '2026-01-31T11:59:59.000000001Z'],
    ['1.5h', new Date('2026-01-31T10:30:00Z')],
    ['0', new Date(0)],
    ['90s', new Date('2026-01-31T11:58:30Z')],
    ['1h30m', new Date('2026-01-31T10:30:00Z')],
    ['500ms', new Date('2026-01-31T11:59:59.500Z')],
  ])('reads %s', (text, moment) => {
    expect(parseSince(text, now)).toEqual(moment)
  })

  it.each([
    ['2026-01-31', new Date(2026, 0, 31)],
    ['2026-07-31', new Date(2026, 6, 31)],
    ['2026-01-31T09', new Date(2026, 0, 31, 9)],
    ['2026-01-31T09:30', new Date(2026, 0, 31, 9, 30)],
    ['2026-01-31T09:30:15', new Date(2026, 0, 31, 9, 30, 15)],
    ['0050-01-31', new Date(new Date(2000, 0, 31).setFullYear(50))],
  ])('reads %s in the local time zone', (text, moment) => {
    expect(new Date(parseSince(text, now))).toEqual(moment)
  })

  it('keeps the nanoseconds of a time without a zone', () => {
    expect(parseSince('2026-01-31T09:30:15.123456789', now)).toMatch(/:30:15\.123456789Z$/)
  })

  it.each([
    ...['yesterday', '10 m', '-10m', '10d', '', '2026-1-31', '2026-01-31 09:00', '2026-01-31T9:00'],
    ...['2026-13-01', '2026-00-01', '2026-02-29', '2026-02-30T00:00:00Z', '2026-04-31', '2026-01-32', '0000-01-01'],
    ...['2026-01-31T24:00:00Z', '2026-01-31T09:60', '2026-01-31T09:00:60', '2026-01-31T09:00:00+24:00'],
    ...['2026-01-31T09:00:00z', '2026-01-31T09:00:00.', '2026-01-31T09:00:00.1234567891Z', '1e3', '1.', '.', 'm'],
  ])('rejects %j', (text) => {
    expect(() => parseSince(text, now)).toThrow(invalid)
  })
})
