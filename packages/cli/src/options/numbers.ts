import { createOptionError } from './option-error.js'

/**
 * Parses a decimal number; with `integer`, a whole one.
 *
 * @throws HostError INVALID_ARGUMENT naming `option`.
 */
export function parseNumber(
  text: string,
  { option, integer = false }: { readonly option: string; readonly integer?: boolean },
): number {
  if (!(integer ? /^\d+$/ : /^(\d+(\.\d+)?|\.\d+)$/).test(text)) {
    throw createOptionError(option, integer ? 'a whole number' : 'a number', text)
  }
  return Number(text)
}

/**
 * Parses a number of seconds, at most a day, into whole milliseconds.
 *
 * @throws HostError INVALID_ARGUMENT naming `option`.
 */
export function parseSeconds(text: string, option: string): number {
  const seconds = parseNumber(text, { option })
  if (seconds > secondsPerDay) throw createOptionError(option, `a number of seconds up to ${secondsPerDay}`, text)
  return Math.round(1000 * seconds)
}

/**
 * Parses a duration such as `30s`, `1m30s` or `500ms` into whole milliseconds.
 *
 * @throws HostError INVALID_ARGUMENT naming `option`.
 */
export function parseDuration(text: string, option: string): number {
  if (text !== '0' && !/^(?:(?:\d+(?:\.\d+)?|\.\d+)(?:ms|[smh]))+$/.test(text))
    throw createOptionError(option, 'a duration such as 30s, 1m30s or 500ms', text)
  const parts = [...text.matchAll(/(\d*\.?\d+)(ms|[smh])/g)]
  return Math.round(parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (unitMs.get(unit ?? '') ?? 0), 0))
}

/**
 * Parses a size such as `512`, `64k`, `1.5g`, `.5g` or `2GiB` into bytes. Units are powers of 1024, as in docker.
 *
 * @throws HostError INVALID_ARGUMENT naming `option`.
 */
export function parseBytes(text: string, option: string): number {
  const [, amount = '', unit = ''] = bytesPattern.exec(text.toLowerCase()) ?? []
  const bytes = Math.floor(Number(amount) * 1024 ** byteUnits.indexOf(unit))
  if (amount === '' || bytes < 1 || !Number.isSafeInteger(bytes)) {
    throw createOptionError(option, 'a size such as 512m or 2g', text)
  }
  return bytes
}

/**
 * Parses `true` or `false`, also as `1`, `t`, `0` and `f`, as docker does.
 *
 * @throws HostError INVALID_ARGUMENT naming `option`.
 */
export function parseBoolean(text: string, option: string): boolean {
  if (/^(true|t|1)$/i.test(text)) return true
  if (/^(false|f|0)$/i.test(text)) return false
  throw createOptionError(option, 'true or false', text)
}

const secondsPerDay = 86_400
const unitMs: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
])
const byteUnits = ['', 'k', 'm', 'g', 't', 'p']
const bytesPattern = /^(\d+\.?\d*|\.\d+) ?(?:b|([kmgtp])(?:i?b)?)?$/
