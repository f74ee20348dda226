/** A reference to an image, in parts. https://github.com/distribution/reference */
export interface ImageReference {
  /** The host of the registry: `docker.io` where none is named, and for its older name `index.docker.io`. */
  readonly registry: string
  /** Everything before the tag and the digest, as it was given. */
  readonly name: string
  readonly tag: string | undefined
  readonly digest: string | undefined
}

/** Splits a reference. Does not validate it. */
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

/** The full form: `busybox` → `docker.io/library/busybox:latest`. */
export function toFullName(reference: string): string {
  const { registry, name, tag, digest } = parseImageReference(reference)
  const path = name.replace(/^index\.docker\.io\//, `${dockerHub}/`)
  const inRegistry = path.startsWith(`${registry}/`) ? path.slice(registry.length + 1) : path
  const library = registry === dockerHub && !inRegistry.includes('/') ? 'library/' : ''
  const version = tag === undefined && digest === undefined ? ':latest' : reference.slice(name.length)
  return `${registry}/${library}${inRegistry}${version}`
}

/** The short form, as Docker prints it: `docker.io/library/busybox:1` → `busybox:1`. */
export function toFamiliarName(reference: string): string {
  return reference.replace(/^docker\.io\/(library\/(?=[^/]+$))?/, '')
}

/** Whether the text is an id (64 digits, with or without `sha256:`), which no registry knows, and not a reference. */
export function isImageId(image: string): boolean {
  return /^(sha256:)?[0-9a-f]{64}$/.test(image)
}

/** The registry of references that name none. */
export const dockerHub = 'docker.io'

function findHost(name: string): string | undefined {
  const slash = name.indexOf('/')
  const first = slash === -1 ? '' : name.slice(0, slash)
  // A repository's name has no upper case.
  const isHost = /[.:A-Z]/.test(first) || first === 'localhost'
  return isHost && first !== 'index.docker.io' ? first : undefined
}
