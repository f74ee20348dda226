import type { ImageInfo } from '@capstan/core'
import {
  type ListOptions,
  type StringMap,
  toFamiliarName,
  toImageHome,
  validateImageReference,
} from '@capstan/core/plugin'
import type { InspectedImage, ListedImage } from '../engine/docker-api.js'
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

/** Lists images, one entry per image with all its tags. The engine applies the filter. */
export async function listImages(
  engine: DockerEngine,
  { labels }: ListOptions,
  call: EngineCall,
): Promise<readonly ImageInfo[]> {
  return (await (await engine.api(call)).listImages({ filters: toLabelFilter(labels) })).map(toImageInfo)
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

function toImageInfo({ Id, RepoTags, Size, Created, Labels }: ListedImage): ImageInfo {
  return {
    id: Id,
    tags: (RepoTags ?? []).filter((tag) => !tag.includes('<none>')).map(toFamiliarName),
    sizeBytes: Size,
    createdAt: Created === undefined ? undefined : new Date(Created * 1000),
    labels: Labels ?? {},
  }
}
