import { createHostError, type StringMap } from '@capstan/core/plugin'
import { type BlobDescriptor, isDescriptor, isDigest, OciLayout } from '../session/oci-layout.js'
import type { BuildCache, BuildRequest } from './build-request.js'

/** The caches of one build. */
export interface BuildCaches {
  readonly imports: readonly CacheOption[]
  readonly exports: readonly CacheOption[]
  /** The directories of local caches by the ids that BuildKit uses. */
  readonly stores: Readonly<Record<string, OciLayout>>
  /** Why local caches are not imported, one sentence without a full stop each. */
  readonly warnings: readonly string[]
}

/** A cache as BuildKit's API has it. */
export interface CacheOption {
  readonly Type: string
  readonly Attrs: Record<string, string>
}

/**
 * Reads which caches the directories of local caches have. As with docker, a cache that does not exist yet is left out.
 *
 * @throws HostError OPERATION_FAILED for a directory that cannot be read
 */
export async function readBuildCaches({ cacheFrom = [], cacheTo = [] }: BuildRequest): Promise<BuildCaches> {
  const stores: Record<string, OciLayout> = {}
  const imports: CacheOption[] = []
  const warnings: string[] = []
  for (const option of cacheFrom.map(toCacheOption)) {
    const { src = '', tag = 'latest', digest: given } = option.Attrs
    if (option.Type !== 'local') {
      imports.push(option)
      continue
    }
    const layout = new OciLayout(src)
    const digest = given ?? (await layout.findManifest(tag))
    if (digest === undefined || (await layout.findSize(digest)) === undefined) {
      warnings.push(`The local cache ${src} has no ${digest ?? `manifest with the tag ${tag}`} and is not used`)
      continue
    }
    stores[toStoreId(src)] = layout
    imports.push({ ...option, Attrs: { ...option.Attrs, digest } })
  }
  const exports = cacheTo.map(toCacheOption)
  for (const { Attrs } of exports.filter(isLocal)) stores[toStoreId(Attrs.dest)] = new OciLayout(Attrs.dest ?? '')
  return { imports, exports, stores, warnings }
}

/**
 * Gives the tags of the request to the caches that a build has exported to directories. Resolves with a warning for each cache
 * that gets no tag, without a full stop. `response`, which is that of `Solve`, has the manifest of only one of the exported caches.
 *
 * @throws HostError OPERATION_FAILED for a directory that cannot be written, and PROTOCOL_ERROR for an invalid manifest
 */
export async function tagLocalCaches({ exports }: BuildCaches, response: StringMap): Promise<readonly string[]> {
  const text = response['cache.manifest']
  if (text === undefined) return []
  const manifest = parseManifest(text)
  const warnings: string[] = []
  for (const { Attrs } of exports.filter(isLocal)) {
    const { dest = '', tag = 'latest' } = Attrs
    const layout = new OciLayout(dest)
    if ((await layout.findSize(manifest.digest)) !== undefined) await layout.putManifest(manifest, tag)
    else
      warnings.push(`The local cache ${dest} does not get the tag ${tag}: BuildKit reported another cache's manifest`)
  }
  return warnings
}

function parseManifest(text: string): BlobDescriptor {
  try {
    const manifest: unknown = JSON.parse(text)
    if (isDescriptor(manifest) && isDigest(manifest.digest)) return manifest
  } catch {
    // Text that is not JSON has the same error.
  }
  throw createHostError('PROTOCOL_ERROR', { operation: 'solve', excerpt: text })
}

/** https://github.com/moby/buildkit/blob/v0.32.2/cache/remotecache/local/local.go */
function toStoreId(directory = ''): string {
  return `local:${directory}`
}

function toCacheOption({ type, ...attributes }: BuildCache): CacheOption {
  return { Type: type, Attrs: attributes }
}

function isLocal({ Type }: CacheOption): boolean {
  return Type === 'local'
}
