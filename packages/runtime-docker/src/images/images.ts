import { type ImageInfo, isHostError } from '@capstan/core'
import {
  type ListOptions,
  type StringMap,
  toFamiliarName,
  toImageHome,
  validateImageReference,
} from '@capstan/core/plugin'
import type { InspectedImage, ListedImage } from '../engine/docker-api.js'
import type { CallLimits, DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { toLabelFilter } from '../engine/label-filter.js'

/** False only when the engine says that the image is absent; whatever else is wrong rejects. */
export async function imageExists(
  engine: DockerEngine,
  image: string,
  { signal, isBounded }: CallLimits = {},
): Promise<boolean> {
  const call: EngineCall = { operation: 'imageExists', subject: image, field: 'image', signal, isBounded }
  return (await findImage(engine, image, call)) !== undefined
}

/** The image, or `undefined` when the engine says that it is absent. */
export async function findImage(
  engine: DockerEngine,
  image: string,
  call: EngineCall,
): Promise<InspectedImage | undefined> {
  try {
    return await (await engine.api(call)).getImage(image).inspect()
  } catch (error) {
    if (isHostError(error, 'IMAGE_NOT_FOUND')) return undefined
    throw error
  }
}

/** One entry an image with all its tags. The filter works at the engine. */
export async function listImages(
  engine: DockerEngine,
  { labels, signal, isBounded }: ListOptions & CallLimits = {},
): Promise<readonly ImageInfo[]> {
  const call = { operation: 'listImages', subject: 'images', signal, isBounded }
  return (await (await engine.api(call)).listImages({ filters: toLabelFilter(labels) })).map(toImageInfo)
}

/**
 * HOME of the image's env, else by its user, else `/root`; an image that cannot be seen has `/root`.
 *
 * Pulls nothing, runs nothing; rejects for an abort and after `close` alone.
 */
export async function getImageHomeDir(engine: DockerEngine, image: string, limits: CallLimits = {}): Promise<string> {
  const config = await readConfig(engine, image, limits)
  return toImageHome({ env: toEnv(config?.Env ?? []), user: config?.User ?? '' })
}

async function readConfig(engine: DockerEngine, image: string, { signal, isBounded }: CallLimits) {
  try {
    validateImageReference(image)
    return (await findImage(engine, image, { operation: 'getImageHomeDir', subject: image, signal, isBounded }))?.Config
  } catch {
    signal?.throwIfAborted()
    return undefined
  }
}

/** Of a name that is there several times, the first with a value counts. */
function toEnv(lines: readonly string[]): StringMap {
  const entries = lines.map((line) => /^([^=]+)=(.+)$/s.exec(line)).filter((match) => match !== null)
  return Object.fromEntries(entries.map(([, name, value]) => [name, value]).reverse())
}

function toImageInfo({ Id, RepoTags, Size, Created, Labels }: ListedImage): ImageInfo {
  return {
    id: Id,
    tags: (RepoTags ?? []).filter((tag) => !tag.includes('<none>')).map(toFamiliarName),
    sizeBytes: Size,
    createdAt: Created === undefined ? undefined : new Date(Created * 1000),
    labels: Labels ?? {},
  }
}
