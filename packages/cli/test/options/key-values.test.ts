import { describe, expect, it } from 'vitest'
import { parseFields, parseKeyValues } from '../../src/options/key-values.js'

const invalid = expect.objectContaining({ code: 'INVALID_ARGUMENT' })

describe('parseKeyValues', () => {
  const env: Readonly<Record<string, string>> = { HOME: '/root' }
  const options = { option: '--env', findValue: (key: string) => env[key] }

  it('splits at the first =, and keeps the last value of a key', () => {
    expect(parseKeyValues(['A=1', 'B=x=y', 'C=', 'A=2'], options)).toEqual({ A: '2', B: 'x=y', C: '' })
  })

  it('passes a key without = to `findValue`, and omits it for undefined', () => {
    expect(parseKeyValues(['HOME', 'GONE'], options)).toEqual({ HOME: '/root' })
  })

  it('rejects a text without a key', () => {
    expect(() => parseKeyValues(['=1'], options)).toThrow(invalid)
  })
})

describe('parseFields', () => {
  it.each([
    ['a=1,b,c=x=y', { a: '1', b: '', c: 'x=y' }],
    ['"a=1,2",b=3', { a: '1,2', b: '3' }],
    ['b=3,"a=say ""yes"""', { b: '3', a: 'say "yes"' }],
    ['', { '': '' }],
  ])('reads %s', (text, fields) => expect(parseFields(text)).toEqual(fields))
})
