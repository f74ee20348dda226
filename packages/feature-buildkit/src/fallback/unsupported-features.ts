import type { BuildRequest } from '@capstan/buildkit-client/request'

/** Returns what the runtime's own builder cannot do of a request, one phrase each. */
export function listUnsupportedFeatures(request: BuildRequest, source: DockerfileSource): readonly string[] {
  const { secrets = {}, ssh = {}, namedContexts = {}, entitlements, cacheFrom, cacheTo, credentials = {} } = request
  const { network, extraHosts = {}, noCacheStages = [] } = request
  const secretNames = Object.keys(secrets).map((id) => `"${id}"`)
  const hosts = typeof credentials === 'function' ? ['registries'] : Object.keys(credentials)
  const contexts = Object.keys(namedContexts).map((name) => `"${name}"`)
  const features: readonly (string | undefined)[] = [
    secretNames.length === 0 ? undefined : `secrets: no step can read ${secretNames.join(', ')}`,
    Object.keys(ssh).length === 0 ? undefined : 'SSH agents',
    contexts.length === 0 ? undefined : `the contexts ${contexts.join(', ')}`,
    entitlements?.length ? `the entitlements ${entitlements.join(', ')}` : undefined,
    network === undefined ? undefined : `the network "${network}" of the steps`,
    Object.keys(extraHosts).length === 0 ? undefined : `the host names ${Object.keys(extraHosts).join(', ')}`,
    noCacheStages.length === 0 ? undefined : `running the steps of ${noCacheStages.join(', ')} again`,
    cacheFrom?.length ? 'import of a cache' : undefined,
    cacheTo?.length ? 'export of the cache' : undefined,
    hosts.length === 0 ? undefined : `credentials for ${hosts.join(', ')}: the runtime uses its own`,
    source.syntax === undefined ? undefined : `the syntax "${source.syntax}" that the Dockerfile names`,
    source.ignoreFile === undefined ? undefined : `"${source.ignoreFile}": only .dockerignore is used`,
  ]
  return features.filter((text) => text !== undefined)
}

/** The text of a Dockerfile, and what the runtime's builder ignores. */
export interface DockerfileSource {
  readonly text: string
  /** The value of its directive `# syntax=docker/dockerfile:1`. */
  readonly syntax: string | undefined
  /** The path of an ignore file in the context that applies to this Dockerfile only. */
  readonly ignoreFile: string | undefined
}
