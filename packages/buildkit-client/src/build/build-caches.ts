import type { StringMap } from '@capstan/core/plugin'
import { type BlobDescriptor, OciLayout } from '../session/oci-layout.js'
import type { BuildRequest } from './build-request.js'
import { type CacheOption, parseCacheOption } from './cache-option.js'

/** The caches of one build. */
export interface BuildCaches {
  readonly imports: readonly CacheOption[]
  readonly exports: readonly CacheOption[]
  /** The directories of local caches by the ids that BuildKit uses. */
  readonly stores: Readonly<Record<string, OciLayout>>
  /** Why local caches are not imported, one sentence without a full stop each. */
  readonly warnings: readonly string[]
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
  for (const option of cacheFrom.map(parseCacheOption)) {
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
  const exports = cacheTo.map(parseCacheOption)
  for (const { Attrs } of exports.filter(isLocal)) stores[toStoreId(Attrs.dest)] = new OciLayout(Attrs.dest ?? '')
  return { imports, exports, stores, warnings }
}

/** Gives the tags of the request to the caches that a build has exported to directories. `response` is that of `Solve`. */
export async function tagLocalCaches({ exports }: BuildCaches, response: StringMap): Promise<void> {
  const text = response['cache.manifest']
  if (text === undefined) return
  const manifest: BlobDescriptor = JSON.parse(text)
  for (const { Attrs } of exports.filter(isLocal))
    await new OciLayout(Attrs.dest ?? '').putManifest(manifest, Attrs.tag ?? 'latest')
}

/** https://github.com/moby/buildkit/blob/v0.32.2/cache/remotecache/local/local.go */
function toStoreId(directory = ''): string {
  return `local:${directory}`
}

function isLocal({ Type }: CacheOption): boolean {
  return Type === 'local'
}
