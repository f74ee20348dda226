/** Orders names by their UTF-8 bytes, as Go's tools do, whatever the locale and the file system. */
export function compareNames(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}
