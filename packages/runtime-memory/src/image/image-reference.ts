/**
 * A reference as the store keeps it: Docker Hub's prefixes dropped, `:latest` where neither tag nor digest is given.
 *
 * The registry is the first component if it has `.` or `:`, or is `localhost`; the tag comes after the last `:` past
 * the last `/` (github.com/distribution/reference).
 */
export function toFamiliarReference(reference: string): string {
  const [, path = reference] = /^(?:(?:index\.)?docker\.io\/)?(?:library\/)?(.+)$/.exec(reference) ?? []
  if (path.includes('@')) return path
  return path.lastIndexOf(':') > path.lastIndexOf('/') ? path : `${path}:latest`
}
