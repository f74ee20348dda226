import type { ImageHistoryEntry, ImageInfo, ImageInspection, ListImagesOptions } from '@capstan/core'
import {
  createHostError,
  parseOciImageConfig,
  type StringMap,
  toFamiliarName,
  toImageHome,
  validateImageReference,
} from '@capstan/core/plugin'
import type { InspectedImage, ListedHistoryEntry, ListedImage } from '../engine/docker-api.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { ignoreErrors } from '../engine/ignore-errors.js'
import { toLabelFilter } from '../engine/label-filter.js'

/** Resolves with the image, or with `undefined` when the engine reports that it does not exist. */
export async function findImage(
  engine: DockerEngine,
  image: string,
  call: EngineCall,
): Promise<InspectedImage | undefined> {
  return await ignoreErrors(['IMAGE_NOT_FOUND'], (await engine.api(call)).getImage(image).inspect())
}

/** Lists images, one entry per image with all its tags. The engine applies the filters. */
export async function listImages(
  engine: DockerEngine,
  { all = false, labels, labelKeys }: ListImagesOptions,
  call: EngineCall,
): Promise<readonly ImageInfo[]> {
  return (await (await engine.api(call)).listImages({ all, filters: toLabelFilter(labels, labelKeys) })).map(
    toImageInfo,
  )
}

/**
 * Resolves with HOME of the image's environment, or else the home of its user, or else `/root`, also for a missing
 * image. Does not pull or run the image. Rejects only for an abort and after `close`.
 */
export async function getImageHomeDir(engine: DockerEngine, call: EngineCall): Promise<string> {
  const config = await readConfig(engine, call)
  return toImageHome({ env: toEnv(config?.Env ?? []), user: config?.User ?? '' })
}

async function readConfig(engine: DockerEngine, call: EngineCall) {
  try {
    validateImageReference(call.subject)
    return (await findImage(engine, call.subject, call))?.Config
  } catch {
    call.signal?.throwIfAborted()
    return undefined
  }
}

/** Converts `NAME=value` lines to a map. Of several values of a variable the first non-empty one is kept. */
function toEnv(lines: readonly string[]): StringMap {
  const entries = lines.map((line) => /^([^=]+)=(.+)$/s.exec(line)).filter((match) => match !== null)
  return Object.fromEntries(entries.map(([, name, value]) => [name, value]).reverse())
}

/** Resolves with the details of the image of the call. */
export async function inspectImage(engine: DockerEngine, call: EngineCall): Promise<ImageInspection> {
  const image = await findImage(engine, call.subject, call)
  if (image === undefined) throw createHostError('IMAGE_NOT_FOUND', { image: call.subject })
  const { labels, ...config } = parseOciImageConfig(image.Config)
  const { Os = '', Architecture = '', Variant } = image
  return {
    id: image.Id,
    tags: toFamiliarNames(image.RepoTags),
    digests: toFamiliarNames(image.RepoDigests),
    sizeBytes: image.Size,
    createdAt: toDate(image.Created),
    labels,
    platform: [Os, Architecture, ...(Variant ? [Variant] : [])].join('/'),
    layers: image.RootFS?.Layers ?? [],
    author: image.Author ?? '',
    config,
  }
}

/** Resolves with the steps of the image of the call, the last one first. */
export async function readImageHistory(engine: DockerEngine, call: EngineCall): Promise<readonly ImageHistoryEntry[]> {
  const path = `/images/${call.subject}/history`
  const steps = await engine.sendJson<readonly ListedHistoryEntry[]>({ ...call, method: 'GET', path })
  return steps.map((step) => {
    const entry = toHistoryEntry(step)
    return engine.details.quirks.confusesHistoryIds ? { ...entry, id: undefined } : entry
  })
}

function toHistoryEntry({ Id, Created, CreatedBy, Size, Comment }: ListedHistoryEntry): ImageHistoryEntry {
  const hasId = Id !== undefined && /^(sha256:)?[0-9a-f]{64}$/.test(Id)
  return {
    id: hasId ? toImageId(Id) : undefined,
    createdAt: Created === undefined || Created <= 0 ? undefined : new Date(Created * 1000),
    createdBy: CreatedBy ?? '',
    sizeBytes: Size,
    comment: Comment ?? '',
  }
}

/** Adds `sha256:` to an id of Podman, which has none in some answers. */
export function toImageId(id: string): string {
  return id.startsWith('sha256:') ? id : `sha256:${id}`
}

/** Reads the time of an inspection. The year 1 stands for an unknown time. */
function toDate(text: string | undefined): Date | undefined {
  const date = new Date(text ?? '')
  return Number.isNaN(date.getTime()) || date.getFullYear() <= 1 ? undefined : date
}

function toFamiliarNames(references: readonly string[] | null | undefined): readonly string[] {
  return (references ?? []).filter((reference) => !reference.includes('<none>')).map(toFamiliarName)
}

function toImageInfo({ Id, RepoTags, RepoDigests, Size, Created, Labels }: ListedImage): ImageInfo {
  return {
    id: Id,
    tags: toFamiliarNames(RepoTags),
    digests: toFamiliarNames(RepoDigests),
    sizeBytes: Size,
    createdAt: Created === undefined ? undefined : new Date(Created * 1000),
    labels: Labels ?? {},
  }
}
