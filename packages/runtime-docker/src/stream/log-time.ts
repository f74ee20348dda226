/** A moment as the engine's `since` takes it: seconds, with up to nine digits of a fraction. */
export function toEngineTime(moment: Date | string): string {
  if (moment instanceof Date) return (moment.getTime() / 1000).toFixed(3)
  const [, fraction = ''] = /\.(\d+)/.exec(moment) ?? []
  const seconds = Date.parse(moment.replace(/\.\d+/, '')) / 1000
  return fraction === '' ? String(seconds) : `${seconds}.${fraction.padEnd(9, '0')}`
}
