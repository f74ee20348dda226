import prettyMilliseconds from 'pretty-ms'

/** How long it took, for a person: `412ms`, `3.2s`, `1m 4s`. */
export function toDuration(milliseconds: number): string {
  return prettyMilliseconds(Math.round(milliseconds))
}

/** How long ago a moment was, in one unit: `5m ago`. Clocks that differ a little say `now`. */
export function toAge(moment: Date | undefined, now: Date): string {
  if (moment === undefined) return ''
  const passed = now.getTime() - moment.getTime()
  return passed < 1000 ? 'now' : `${prettyMilliseconds(passed, { compact: true })} ago`
}
