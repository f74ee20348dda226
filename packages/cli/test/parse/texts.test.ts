import { describe, expect, it } from 'vitest'
import { parseEnvFile, readEnvFile } from '../../src/parse/env-file.js'
import { parseExtraHost } from '../../src/parse/extra-host.js'
import { parseKeyValues } from '../../src/parse/key-value.js'
import { parseNetwork } from '../../src/parse/network.js'
import { parseNumber } from '../../src/parse/number.js'
import { parseSince } from '../../src/parse/since.js'
import { parseUlimit } from '../../src/parse/ulimit.js'
import { parseVariables } from '../../src/parse/variables.js'

const invalid = expect.objectContaining({ code: 'INVALID_ARGUMENT' })

describe('parseKeyValues', () => {
  const env: Readonly<Record<string, string>> = { HOME: '/root' }
  const options = { option: '--env', bare: (key: string) => env[key] }

  it('keeps everything behind the first =, and the last of one key', () => {
    expect(parseKeyValues(['A=1', 'B=x=y', 'C=', 'A=2'], options)).toEqual({ A: '2', B: 'x=y', C: '' })
  })

  it('takes a key alone from where it is told, and leaves out what is not there', () => {
    expect(parseKeyValues(['HOME', 'GONE'], options)).toEqual({ HOME: '/root' })
  })

  it('refuses a text without a key', () => {
    expect(() => parseKeyValues(['=1'], options)).toThrow(invalid)
  })
})

describe('parseEnvFile', () => {
  it('reads lines as docker does: comments and blank lines out, quotes kept', () => {
    expect(parseEnvFile('\uFEFF# first\nA=1\r\n\n  B="two words"\nC # no comment\n')).toEqual([
      'A=1',
      'B="two words"',
      'C # no comment',
    ])
  })
})

describe('parseVariables', () => {
  const env = { HOME: '/root', EMPTY: '' }

  it('takes a name alone from the environment, and removes it where that has none', () => {
    expect(parseVariables(['HOME', 'EMPTY', 'GONE', 'toString', 'A=b=c', 'A2='], { option: '--env', env })).toEqual({
      HOME: '/root',
      EMPTY: '',
      GONE: null,
      toString: null,
      A: 'b=c',
      A2: '',
    })
  })

  it('lets the last of one name win', () => {
    expect(parseVariables(['A=1', 'A', 'B', 'B=2'], { option: '--env', env })).toEqual({ A: null, B: '2' })
  })

  it.each(['', '=1'])('refuses %j', (text) => {
    expect(() => parseVariables([text], { option: '--env', env })).toThrow(invalid)
  })
})

describe('readEnvFile', () => {
  it.each([
    ['a byte that is not UTF-8', Buffer.from('A=1\nCITY=K\xf6ln\nB=2\n', 'latin1'), /^f, line 2: not UTF-8/],
    ['UTF-16', Buffer.from('\uFEFFA=1\n', 'utf16le'), /^f, line 1: not UTF-8/],
    ['a character cut off at the end', Buffer.from('A=1\nB=ö').subarray(0, -1), /^f, line 2: not UTF-8/],
    ['a surrogate', Buffer.from([0x41, 0x3d, 0xed, 0xa0, 0x80]), /^f, line 1: not UTF-8/],
    ['no name', Buffer.from('# first\n\n =x\n'), /^f, line 3: no name/],
    [
      'white space in a name',
      Buffer.from('A=1\r\nexport B=secret\r\n'),
      /^f, line 2: white space in the name "export B"$/,
    ],
  ])('refuses a file with %s, naming file and line', (_, bytes, message) => {
    expect(() => readEnvFile(bytes, 'f')).toThrow(message)
  })

  it('reads UTF-8 with and without a byte order mark', () => {
    for (const mark of ['', '\uFEFF']) {
      const lines = parseEnvFile(readEnvFile(Buffer.from(`${mark}CITY=Köln 🚀\r\nB= kept \n`), 'f'))
      expect(lines).toEqual(['CITY=Köln 🚀', 'B= kept '])
    }
  })
})

describe('parseExtraHost', () => {
  it.each([
    ['db:10.0.0.2', ['db', '10.0.0.2']],
    ['db=10.0.0.2', ['db', '10.0.0.2']],
    ['db:::1', ['db', '::1']],
    ['db:[::1]', ['db', '::1']],
    ['db=[::1]', ['db', '::1']],
    ['db=::1', ['db', '::1']],
    ['host.docker.internal:host-gateway', ['host.docker.internal', 'host-gateway']],
  ])('reads %s', (text, entry) => {
    expect(parseExtraHost(text)).toEqual(entry)
  })

  it.each(['db', ':1.2.3.4', 'db:'])('refuses %s', (text) => {
    expect(() => parseExtraHost(text)).toThrow(invalid)
  })
})

describe('parseNetwork', () => {
  it('tells modes from names', () => {
    expect(['bridge', 'none', 'host', 'backend'].map(parseNetwork)).toEqual([
      { mode: 'default' },
      { mode: 'none' },
      { mode: 'host' },
      { name: 'backend' },
    ])
  })
})

describe('parseNumber', () => {
  it('reads digits only', () => {
    expect(['1.5', '0', '.5'].map((text) => parseNumber(text, { option: '--cpus' }))).toEqual([1.5, 0, 0.5])
    for (const text of ['', '-1', '1e3', '.', '1.', '0x1', 'NaN', '1.5.2']) {
      expect(() => parseNumber(text, { option: '--cpus' })).toThrow(invalid)
    }
    expect(() => parseNumber('1.5', { option: '--tail', integer: true })).toThrow(invalid)
  })
})

describe('parseUlimit', () => {
  it.each([
    ['nofile=1024:2048', { name: 'nofile', soft: 1024, hard: 2048 }],
    ['nproc=64', { name: 'nproc', soft: 64, hard: 64 }],
    ['core=-1', { name: 'core', soft: -1, hard: -1 }],
  ])('reads %s', (text, limit) => {
    expect(parseUlimit(text)).toEqual(limit)
  })

  it.each(['nofile', 'nofile=', '=1', 'nofile=1:2:3', 'nofile=-2'])('refuses %s', (text) => {
    expect(() => parseUlimit(text)).toThrow(invalid)
  })
})

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
  ])('reads %s in the zone of this process', (text, moment) => {
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
  ])('refuses %j', (text) => {
    expect(() => parseSince(text, now)).toThrow(invalid)
  })
})
