import type { BuildRequest } from '../build/build-request.js'

/** What of a request the runtime's own builder leaves undone, in words. */
export function listLost(
  { secrets = {}, cacheFrom, cacheTo, credentials }: BuildRequest,
  source: DockerfileSource,
): readonly string[] {
  const secretNames = Object.keys(secrets).map((id) => `"${id}"`)
  const hosts = Object.keys(credentials ?? {})
  const lost: readonly (string | undefined)[] = [
    secretNames.length === 0 ? undefined : `secrets: no step finds ${secretNames.join(', ')}`,
    cacheFrom?.length ? 'import of a cache' : undefined,
    cacheTo?.length ? 'export of the cache' : undefined,
    hosts.length === 0 ? undefined : `credentials for ${hosts.join(', ')}: the runtime uses its own`,
    source.syntax === undefined ? undefined : `the syntax "${source.syntax}" that the Dockerfile names`,
    source.ignoreFile === undefined ? undefined : `"${source.ignoreFile}": .dockerignore alone is heeded`,
  ]
  return lost.filter((text) => text !== undefined)
}

/** What was found of a Dockerfile. */
export interface DockerfileSource {
  readonly text: string
  /** Of its first lines: `# syntax=docker/dockerfile:1`. */
  readonly syntax: string | undefined
  /** Of this Dockerfile alone, which the context has. */
  readonly ignoreFile: string | undefined
}
