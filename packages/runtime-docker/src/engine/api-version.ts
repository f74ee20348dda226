/** The API versions that this package supports: 1.41 is Docker Engine 20.10. A product may have an older one: see `oldestApi`. */
export const supportedApi: ApiRange = { oldest: '1.41', newest: '1.52' }

/** A range of API versions, from the oldest to the newest. */
export interface ApiRange {
  readonly oldest: string
  readonly newest: string
}

/** Describes the engine's range, as far as it is known, and the range of this package. */
export function toRangesText({ oldest, newest }: Partial<ApiRange>, supported: ApiRange): string {
  const bounds = [oldest === undefined ? '' : `from ${oldest}`, newest === undefined ? '' : `up to ${newest}`]
  const bound = bounds.filter((text) => text !== '').join(' ')
  const reported = oldest !== undefined && newest !== undefined ? `${oldest} to ${newest}` : bound || 'unknown'
  return `the engine supports API versions ${reported}, Capstan ${supported.oldest} to ${supported.newest}`
}

/** Compares two API versions or releases by major and minor number: negative when `left` is older. 1.9 is older than 1.10. */
export function compareVersions(left: string, right: string): number {
  const [leftMajor = 0, leftMinor = 0] = left.split('.').map(Number)
  const [rightMajor = 0, rightMinor = 0] = right.split('.').map(Number)
  return leftMajor - rightMajor || leftMinor - rightMinor
}

/** Returns the newest version that both sides support. `engineNewest` is the engine's header `Api-Version`. */
export function negotiateApiVersion(engineNewest: string): string {
  return compareVersions(engineNewest, supportedApi.newest) < 0 ? engineNewest : supportedApi.newest
}

/** Whether a text is an API version such as `1.41`. The strict format matters because it becomes part of a path. */
export function isApiVersion(text: unknown): text is string {
  return typeof text === 'string' && /^\d{1,3}\.\d{1,4}$/.test(text)
}
