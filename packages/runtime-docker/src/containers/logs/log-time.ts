/** Converts a time to the format of the engine's `since`: seconds, with a fraction of up to nine digits. */
export function toEngineTime(moment: Date | string): string {
  if (moment instanceof Date) return (moment.getTime() / 1000).toFixed(3)
  const { seconds, fraction } = parseTime(moment)
  return fraction === '' ? String(seconds) : `${seconds}.${fraction}`
}

/** Compares two timestamps of the engine to the nanosecond. A missing timestamp is equal to any other. */
export function compareLogTimes(left: string | undefined, right: string | undefined): number {
  if (left === right || left === undefined || right === undefined) return 0
  const [a, b] = [parseTime(left), parseTime(right)]
  return a.seconds - b.seconds || Number(a.fraction) - Number(b.fraction)
}

function parseTime(text: string): { readonly seconds: number; readonly fraction: string } {
  const [, fraction = ''] = /\.(\d+)/.exec(text) ?? []
  const seconds = Date.parse(text.replace(/\.\d+/, '')) / 1000
  return { seconds, fraction: fraction === '' ? '' : fraction.padEnd(9, '0') }
}
