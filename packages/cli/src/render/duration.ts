import prettyMilliseconds from 'pretty-ms'

/** Formats a duration: `412ms`, `3.2s`, `1m 4s`. */
export function toDuration(milliseconds: number): string {
  return prettyMilliseconds(Math.round(milliseconds))
}

/** Formats the time since a moment in one unit: `5m ago`. Less than a second, or a moment in the future, is `now`. */
export function toAge(moment: Date | undefined, now: Date): string {
  if (moment === undefined) return ''
  const passed = now.getTime() - moment.getTime()
  return passed < 1000 ? 'now' : `${prettyMilliseconds(passed, { compact: true })} ago`
}

/** Formats the time since a moment in one unit, in words: `5 minutes`. The empty string for an unknown moment. */
export function toPeriod(moment: Date | undefined, now: Date): string {
  if (moment === undefined) return ''
  const passed = Math.max(0, now.getTime() - moment.getTime())
  return passed < 1000 ? 'less than a second' : prettyMilliseconds(passed, { compact: true, verbose: true })
}
