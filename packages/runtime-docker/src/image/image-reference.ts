/** A reference to an image, in parts. https://github.com/distribution/reference */
export interface ImageReference {
  /** The host of the registry: `docker.io` where none is named, and for its older name `index.docker.io`. */
  readonly registry: string
  /** All before the tag and the digest, as it was given. */
  readonly name: string
  readonly tag: string | undefined
  readonly digest: string | undefined
}

/** Splits a reference; checks nothing. */
export function parseImageReference(reference: string): ImageReference {
  const at = reference.indexOf('@')
  const tagged = at === -1 ? reference : reference.slice(0, at)
  const colon = tagged.indexOf(':', tagged.lastIndexOf('/') + 1)
  const name = colon === -1 ? tagged : tagged.slice(0, colon)
  return {
    registry: toRegistry(name),
    name,
    tag: colon === -1 ? undefined : tagged.slice(colon + 1),
    digest: at === -1 ? undefined : reference.slice(at + 1),
  }
}

/** What a pull sends as `tag`: without one the engine would pull every tag there is. */
export function toPullTag({ tag, digest }: ImageReference): string {
  return digest ?? (tag || 'latest')
}

/** Tells an id (with or without `sha256:`, all 64 digits) from a reference: no registry knows it. */
export function isImageId(image: string): boolean {
  return /^(sha256:)?[0-9a-f]{64}$/.test(image)
}

function toRegistry(name: string): string {
  const slash = name.indexOf('/')
  const first = slash === -1 ? '' : name.slice(0, slash)
  // Names of repositories have no upper case.
  const isHost = /[.:A-Z]/.test(first) || first === 'localhost'
  return isHost && first !== 'index.docker.io' ? first : dockerHub
}

export const dockerHub = 'docker.io'
