import { describe, expect, it } from 'vitest'
import { parseEnvFile } from '../../src/parse/env-file.js'
import { parseExtraHost } from '../../src/parse/extra-host.js'
import { parseKeyValues } from '../../src/parse/key-value.js'
import { parseNetwork } from '../../src/parse/network.js'
import { parseNumber } from '../../src/parse/number.js'
import { parseSince } from '../../src/parse/since.js'
import { parseUlimit } from '../../src/parse/ulimit.js'

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

describe('parseExtraHost', () => {
  it.each([
    ['db:10.0.0.2', ['db', '10.0.0.2']],
    ['db=10.0.0.2', ['db', '10.0.0.2']],
    ['db:::1', ['db', '::1']],
    ['db:[::1]', ['db', '::1']],
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
    ['2026-01-31', '2026-01-31T00:00:00Z'],
    ['0', new Date(0)],
    ['90s', new Date('2026-01-31T11:58:30Z')],
    ['1h30m', new Date('2026-01-31T10:30:00Z')],
    ['500ms', new Date('2026-01-31T11:59:59.500Z')],
  ])('reads %s', (text, moment) => {
    expect(parseSince(text, now)).toEqual(moment)
  })

  it.each(['yesterday', '10 m', '-10m', '10d', ''])('refuses %j', (text) => {
    expect(() => parseSince(text, now)).toThrow(invalid)
  })
})
