import { gunzipSync } from 'node:zlib'
import { createHostError, type Operation, parseOciImageConfig } from '@capstan/core/plugin'
import type { MemoryEngine } from '../../memory-engine.js'
import { type ReadonlyFileMap, sizeOfFiles } from '../../simulation/files/file-map.js'
import { readArchive } from '../../simulation/files/read-archive.js'
import { type ImageContent, type ImageStep, noPrograms, toHistory } from '../../simulation/image-content.js'
import { applyLayer } from './apply-layer.js'
import { simulationKey } from './save-images.js'

/** Loads a docker or OCI archive. Resolves with the references of each image, or with its id when it has none. */
export async function loadImages(
  engine: MemoryEngine,
  tar: AsyncIterable<Uint8Array>,
  { signal, undo }: Operation,
): Promise<readonly string[]> {
  const entries = await readArchive(tar, { signal, toError: createLoadError })
  const archive = new Map(entries.map(({ header, bytes }) => [header.name.replace(/^\.\//, ''), bytes]))
  const images = archive.has('manifest.json') ? readDockerManifest(archive) : readOciIndex(archive)
  const loaded: string[] = []
  for (const image of images) {
    const { config, tags } = image
    const content = await toContent(engine, image, { archive, signal })
    const createdAt = new Date(getString(getMember(config, 'created'), new Date(0).toISOString()))
    const { id } = engine.images.addTagged(content, { tags, createdAt, undo })
    loaded.push(...(tags.length === 0 ? [id] : tags))
  }
  if (loaded.length === 0) throw createLoadError('it contains no image')
  return loaded
}

type Archive = ReadonlyMap<string, Buffer>

interface ArchivedImage {
  readonly config: Json
  /** The names of the layer files, the lowest layer first. */
  readonly layers: readonly string[]
  readonly tags: readonly string[]
}

/** Reads the manifest of `docker save`: https://github.com/moby/docker-image-spec */
function readDockerManifest(archive: Archive): readonly ArchivedImage[] {
  return getItems(parseMember(archive, 'manifest.json')).map((manifest) => ({
    config: parseMember(archive, getString(getMember(manifest, 'Config'))),
    layers: getStrings(getMember(manifest, 'Layers')),
    tags: getStrings(getMember(manifest, 'RepoTags')),
  }))
}

/** Reads an OCI layout: https://github.com/opencontainers/image-spec/blob/main/image-layout.md */
function readOciIndex(archive: Archive): readonly ArchivedImage[] {
  return getItems(getMember(parseMember(archive, 'index.json'), 'manifests')).map((descriptor) => {
    const manifest = parseMember(archive, toBlobName(descriptor))
    const annotations = getMember(descriptor, 'annotations')
    const name = getString(
      getMember(annotations, 'io.containerd.image.name'),
      getString(getMember(annotations, 'org.opencontainers.image.ref.name')),
    )
    return {
      config: parseMember(archive, toBlobName(getMember(manifest, 'config'))),
      layers: getItems(getMember(manifest, 'layers')).map(toBlobName),
      tags: name === '' ? [] : [name],
    }
  })
}

async function toContent(
  engine: MemoryEngine,
  { config, layers }: ArchivedImage,
  { archive, signal }: { readonly archive: Archive; readonly signal: AbortSignal },
): Promise<ImageContent> {
  const files = new Map()
  for (const name of layers) {
    const layer = requireMember(archive, name)
    const isCompressed = layer[0] === 0x1f && layer[1] === 0x8b
    await applyLayer(files, isCompressed ? gunzipSync(layer) : layer, signal)
  }
  const key = getString(getMember(getMember(config, simulationKey), 'programs'))
  const author = getString(getMember(config, 'author'))
  return {
    config: parseOciImageConfig(getMember(config, 'config')),
    files,
    history: readHistory(config, files),
    ...(author !== '' && { author }),
    programs: engine.programs.get(key) ?? noPrograms,
  }
}

/** Reads the steps. An archive has the size of no step, so the last one has that of all files. */
function readHistory(config: Json, files: ReadonlyFileMap): readonly ImageStep[] {
  const steps = getItems(getMember(config, 'history'))
  if (steps.length === 0) return toHistory('', files)
  return steps.map((step, index) => {
    const created = new Date(getString(getMember(step, 'created')))
    return {
      createdAt: Number.isNaN(created.getTime()) ? undefined : created,
      createdBy: getString(getMember(step, 'created_by')),
      sizeBytes: index === steps.length - 1 ? sizeOfFiles(files) : 0,
      comment: getString(getMember(step, 'comment')),
    }
  })
}

function toBlobName(descriptor: Json): string {
  return `blobs/${getString(getMember(descriptor, 'digest')).replace(':', '/')}`
}

function parseMember(archive: Archive, name: string): Json {
  const content = requireMember(archive, name)
  try {
    return JSON.parse(content.toString())
  } catch (cause) {
    throw createLoadError(`"${name}" is not JSON`, cause)
  }
}

function requireMember(archive: Archive, name: string): Buffer {
  const content = archive.get(name)
  if (content === undefined) throw createLoadError(`it does not contain "${name}"`)
  return content
}

function createLoadError(reason: string, cause?: unknown): Error {
  const facts = { operation: 'loadImages', subject: 'the archive', status: undefined, reason }
  return createHostError('OPERATION_FAILED', facts, cause === undefined ? undefined : { cause })
}

/** A parsed JSON value of unknown shape. */
type Json = unknown

/** Returns a member of an object; `undefined` for any other value. */
function getMember(value: Json, key: string): Json {
  if (typeof value !== 'object' || value === null) return undefined
  return new Map<string, Json>(Object.entries(value)).get(key)
}

/** Returns the strings of an array; none for any other value. */
function getStrings(value: Json): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

/** Returns a string; the fallback for any other value. */
function getString(value: Json, fallback = ''): string {
  return typeof value === 'string' ? value : fallback
}

/** Returns the items of an array; none for any other value. */
function getItems(value: Json): readonly Json[] {
  return Array.isArray(value) ? value : []
}
