/** The parts of an image reference. https://github.com/distribution/reference */
export interface ImageReference {
  /** The host of the registry; `docker.io` where the reference has none, and for its older name `index.docker.io`. */
  readonly registry: string
  /** The part before the tag and the digest, unchanged: `registry.example/team/app`. */
  readonly name: string
  readonly tag: string | undefined
  readonly digest: string | undefined
}

/** Splits a reference into its parts. Does not validate it. */
export function parseImageReference(reference: string): ImageReference {
  const at = reference.indexOf('@')
  const tagged = at === -1 ? reference : reference.slice(0, at)
  const colon = tagged.indexOf(':', tagged.lastIndexOf('/') + 1)
  const name = colon === -1 ? tagged : tagged.slice(0, colon)
  return {
    registry: findHost(name) ?? dockerHub,
    name,
    tag: colon === -1 ? undefined : tagged.slice(colon + 1),
    digest: at === -1 ? undefined : reference.slice(at + 1),
  }
}

/** Returns the full form of a reference: `docker.io/library/busybox:latest` for `busybox`. */
export function toFullName(reference: string): string {
  const { registry, name, tag, digest } = parseImageReference(reference)
  const path = name.replace(/^index\.docker\.io\//, `${dockerHub}/`)
  const inRegistry = path.startsWith(`${registry}/`) ? path.slice(registry.length + 1) : path
  const library = registry === dockerHub && !inRegistry.includes('/') ? 'library/' : ''
  const version = tag === undefined && digest === undefined ? ':latest' : reference.slice(name.length)
  return `${registry}/${library}${inRegistry}${version}`
}

/** Returns the short form of a reference, as Docker prints it: `busybox:1` for `docker.io/library/busybox:1`. */
export function toFamiliarName(reference: string): string {
  return reference.replace(/^docker\.io\/(library\/(?=[^/]+$))?/, '')
}

/** Whether the text is an image id, not a reference: 64 hexadecimal digits, with or without `sha256:`. */
export function isImageId(image: string): boolean {
  return /^(sha256:)?[0-9a-f]{64}$/.test(image)
}

/** The registry of references without a registry. */
export const dockerHub = 'docker.io'

function findHost(name: string): string | undefined {
  const slash = name.indexOf('/')
  const first = slash === -1 ? '' : name.slice(0, slash)
  // The name of a repository has no upper-case letters.
  const isHost = /[.:A-Z]/.test(first) || first === 'localhost'
  return isHost && first !== 'index.docker.io' ? first : undefined
}
