/** The clock of an engine: nanoseconds since 1970, strictly increasing. */
export class MemoryClock {
  readonly #offset = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint()
  #last = 0n

  now(): bigint {
    const now = this.#offset + process.hrtime.bigint()
    this.#last = now > this.#last ? now : this.#last + 1n
    return this.#last
  }
}

/** Formats a time as RFC 3339 with nanoseconds. */
export function toTimestamp(nanoseconds: bigint): string {
  const date = toDate(nanoseconds).toISOString()
  const fraction = String(nanoseconds % 1_000_000_000n).padStart(9, '0')
  return `${date.slice(0, date.lastIndexOf('.'))}.${fraction}Z`
}

/** Converts nanoseconds since 1970 to a Date, which drops what is below a millisecond. */
export function toDate(nanoseconds: bigint): Date {
  return new Date(Number(nanoseconds / 1_000_000n))
}

/** Parses a Date or an RFC 3339 text with up to nine digits after the second. */
export function parseTimestamp(time: Date | string): bigint {
  if (time instanceof Date) return BigInt(time.getTime()) * 1_000_000n
  const [, seconds = '', fraction = '', zone = 'Z'] = /^(.{19})(?:\.(\d{1,9}))?(.*)$/.exec(time) ?? []
  return BigInt(Date.parse(`${seconds}${zone}`)) * 1_000_000n + BigInt(fraction.padEnd(9, '0'))
}
