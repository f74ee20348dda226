import { createOptionError } from './option-error.js'

/**
 * Parses a date or time of RFC 3339, seconds since 1970, or a duration before now (`90s`, `1h30m`, `1.5h`). As in docker, a
 * time without a zone is local, and its seconds, its minutes or the whole time of day may be omitted. Returns text in RFC 3339
 * for a date or a fraction, which may have nanoseconds; a `Date` has milliseconds.
 *
 * @throws HostError INVALID_ARGUMENT for any other text, and for a date that does not exist.
 */
export function parseSince(text: string, now: Date, option = '--since'): Date | string {
  const moment = parseUnixTime(text) ?? parseDuration(text, now) ?? parseCalendarTime(text)
  if (moment === undefined) {
    throw createOptionError(option, 'a time such as 2026-01-31T12:00:00Z, or how long ago, such as 10m', text)
  }
  return moment
}

function parseUnixTime(text: string): Date | string | undefined {
  const [, seconds, fraction = ''] = /^(\d{1,11})(?:\.(\d{1,9}))?$/.exec(text) ?? []
  if (seconds === undefined) return undefined
  const date = new Date(Number(seconds) * 1000)
  return fraction === '' ? date : toText(date, fraction)
}

/** The syntax of https://pkg.go.dev/time#ParseDuration. */
function parseDuration(text: string, now: Date): Date | undefined {
  if (!/^(\d+\.?\d*|\.\d+)(h|m|s|ms|us|µs|μs|ns)((\d+\.?\d*|\.\d+)(h|m|s|ms|us|µs|μs|ns))*$/.test(text))
    return undefined
  const parts = [...text.matchAll(/([\d.]+)([a-zµμ]+)/g)]
  const ago = parts.reduce((sum, [, amount, unit = 's']) => sum + Number(amount) * (units[unit] ?? 0), 0)
  const date = new Date(now.getTime() - ago)
  return Number.isNaN(date.getTime()) ? undefined : date
}

function parseCalendarTime(text: string): string | undefined {
  const groups = calendarTime.exec(text)?.groups
  if (groups === undefined) return undefined
  const { day = '', hour = '00', minute = '00', second = '00', fraction = '', zone = '' } = groups
  // Date reads 2026-02-30 as 2026-03-02.
  if (!new Date(`${day}T00:00:00Z`).toISOString().startsWith(day)) return undefined
  // Date reads a time without a zone as local.
  return toText(new Date(`${day}T${hour}:${minute}:${second}${zone}`), fraction)
}

/** Formats the second in UTC, with the fraction as it was given. */
function toText(date: Date, fraction: string): string {
  return `${date.toISOString().slice(0, 19)}${fraction === '' ? '' : `.${fraction}`}Z`
}

const units: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}
const calendarTime =
  /^(?<day>(?!0000)\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))(?:T(?<hour>[01]\d|2[0-3])(?::(?<minute>[0-5]\d)(?::(?<second>[0-5]\d)(?:\.(?<fraction>\d{1,9}))?)?)?)?(?<zone>Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)?$/
