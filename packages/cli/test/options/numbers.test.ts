import { describe, expect, it } from 'vitest'
import { parseBytes, parseNumber } from '../../src/options/numbers.js'

const invalid = expect.objectContaining({ code: 'INVALID_ARGUMENT' })

describe('parseBytes', () => {
  it.each([
    ['512', 512],
    ['512b', 512],
    ['64k', 65_536],
    ['512m', 536_870_912],
    ['512MB', 536_870_912],
    ['1.5g', 1_610_612_736],
    ['2GiB', 2_147_483_648],
    ['.5g', 536_870_912],
    ['1.k', 1024],
    ['1 kB', 1024],
    ['1p', 1_125_899_906_842_624],
    ['1t', 1_099_511_627_776],
  ])('reads %s as docker does', (text, bytes) => {
    expect(parseBytes(text, '--memory')).toBe(bytes)
  })

  it.each([
    '',
    'm',
    '-1',
    '0',
    '0.1',
    '1x',
    '1 2',
    '1e3',
    'Infinity',
    '0x10',
    '99999999t',
    '1mm',
    '5ib',
    '1  k',
    '.k',
    '.',
  ])('rejects %j, naming the option', (text) => {
    expect(() => parseBytes(text, '--memory')).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', facts: expect.objectContaining({ field: '--memory' }) }),
    )
  })
})

describe('parseNumber', () => {
  it('reads decimal digits only', () => {
    expect(['1.5', '0', '.5'].map((text) => parseNumber(text, { option: '--cpus' }))).toEqual([1.5, 0, 0.5])
    for (const text of ['', '-1', '1e3', '.', '1.', '0x1', 'NaN', '1.5.2']) {
      expect(() => parseNumber(text, { option: '--cpus' })).toThrow(invalid)
    }
    expect(() => parseNumber('1.5', { option: '--tail', integer: true })).toThrow(invalid)
  })
})
