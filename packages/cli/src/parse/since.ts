import { invalidOption } from './invalid-option.js'

/**
 * A moment from an RFC 3339 time or date, from seconds since 1970, or from a time that has passed (`90s`, `1h30m`).
 *
 * @throws HostError INVALID_ARGUMENT for anything else.
 */
export function parseSince(text: string, now: Date): Date | string {
  if (rfc3339.test(text)) return text
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return `${text}T00:00:00Z`
  if (/^\d+(\.\d+)?$/.test(text)) return new Date(Number(text) * 1000)
  if (/^(\d+(ms|h|m|s))+$/.test(text)) return new Date(now.getTime() - toMilliseconds(text))
  throw invalidOption('--since', 'a time such as 2026-01-31T12:00:00Z, or how long ago, such as 10m', text)
}

function toMilliseconds(text: string): number {
  const parts = [...text.matchAll(/(\d+)(ms|h|m|s)/g)]
  return parts.reduce((sum, [, amount, unit = 's']) => sum + Number(amount) * (units[unit] ?? 0), 0)
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/
