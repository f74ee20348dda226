/** The API versions that this package speaks: 1.41 is Docker Engine 20.10. Podman's 1.40 is taken with a warning. */
export const supportedApi: ApiRange = { oldest: '1.41', newest: '1.52' }

/** The API versions that one side speaks, from the oldest to the newest. */
export interface ApiRange {
  readonly oldest: string
  readonly newest: string
}

/** Names the engine's range, as far as it is known, and that of this package. */
export function toRangesText({ oldest, newest }: Partial<ApiRange>, ours: ApiRange): string {
  const bounds = [oldest === undefined ? '' : `from ${oldest}`, newest === undefined ? '' : `up to ${newest}`]
  const known = bounds.filter((bound) => bound !== '').join(' ')
  const theirs = oldest !== undefined && newest !== undefined ? `${oldest} to ${newest}` : known || 'unknown'
  return `the engine speaks API versions ${theirs}, Capstan ${ours.oldest} to ${ours.newest}`
}

/** Below zero when `left` is older than `right`. Not a text order: 1.9 is older than 1.10. */
export function compareApiVersions(left: string, right: string): number {
  const [leftMajor = 0, leftMinor = 0] = left.split('.').map(Number)
  const [rightMajor = 0, rightMinor = 0] = right.split('.').map(Number)
  return leftMajor - rightMajor || leftMinor - rightMinor
}

/** The newest version that both may speak: the engine's `Api-Version` header against our own newest. */
export function negotiateApiVersion(engineNewest: string): string {
  return compareApiVersions(engineNewest, supportedApi.newest) < 0 ? engineNewest : supportedApi.newest
}

/** Whether an engine has all that came with this version of the API. */
export function hasApi(spoken: string, since: string): boolean {
  return compareApiVersions(spoken, since) >= 0
}

/** `1.41`, and nothing else: it becomes part of a path. */
export function isApiVersion(text: string | undefined): text is string {
  return text !== undefined && /^\d{1,3}\.\d{1,4}$/.test(text)
}
