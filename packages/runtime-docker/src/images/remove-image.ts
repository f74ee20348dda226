import { isHostError } from '@capstan/core'
import { createHostError, toFamiliarName } from '@capstan/core/plugin'
import { toContainerName } from '../engine/container-name.js'
import type { DockerApi, InspectedImage, ListedImage } from '../engine/docker-api.js'
import type { CallLimits, DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { findImage } from './images.js'

/**
 * Removes an image; a tag of several is only taken off, an id takes all its tags with it. Gone: resolves.
 *
 * Used by a container, running or not, or the base of another image: IN_USE with their names; nothing is forced.
 */
export async function removeImage(
  engine: DockerEngine,
  image: string,
  { signal, isBounded }: CallLimits,
): Promise<void> {
  const call: EngineCall = { operation: 'removeImage', subject: image, field: 'id', signal, isBounded }
  const api = await engine.api(call)
  const refusal = await tryRemove(api, image)
  if (refusal === undefined) return
  const found = await findImage(engine, image, call)
  if (found === undefined) return
  const users = [...(await listContainersOf(api, found)), ...(await listChildren(api, found))]
  if (users.length > 0) throw createHostError('IN_USE', { subject: `image "${image}"`, users }, { cause: refusal })
  if (!isIdOf(image, found)) throw refusal
  await removeTags(api, found, refusal)
}

/** Gives the refusal of an engine that has it, and has a reason to keep it; throws what is no refusal. */
async function tryRemove(api: DockerApi, image: string): Promise<unknown> {
  try {
    await api.getImage(image).remove()
    return undefined
  } catch (error) {
    if (isHostError(error, 'IMAGE_NOT_FOUND')) return undefined
    if (isHostError(error, 'IN_USE') || isHostError(error, 'OPERATION_FAILED')) return error
    throw error
  }
}

/** The engine refuses an id with several tags: they go one by one, the image with the last. */
async function removeTags(api: DockerApi, { RepoTags }: InspectedImage, refusal: unknown): Promise<void> {
  const tags = RepoTags ?? []
  if (tags.length < 2) throw refusal
  for (const tag of tags) {
    const failure = await tryRemove(api, tag)
    if (failure !== undefined) throw failure
  }
}

async function listContainersOf(api: DockerApi, { Id }: InspectedImage): Promise<readonly string[]> {
  // Not by a filter: it also finds containers of images that were built on this one, and Podman's finds none by the id.
  const containers = await api.listContainers({ all: true })
  return containers
    .filter(({ ImageID }) => ImageID === Id)
    .map(({ Id: id, Names }) => toContainerName(Names?.[0]) || id)
}

async function listChildren(api: DockerApi, { Id }: InspectedImage): Promise<readonly string[]> {
  const images = await api.listImages({ all: true })
  return images
    .filter((image: ListedImage & { readonly ParentId?: string }) => image.ParentId === Id)
    .map(({ Id: id, RepoTags }) => toFamiliarName(RepoTags?.[0] ?? id))
}

/** Told by its tags: what is none of them, and found, is an id, whole or in part. */
function isIdOf(image: string, { Id, RepoTags }: InspectedImage): boolean {
  return (
    !(RepoTags ?? []).map(toFamiliarName).includes(toFamiliarName(image)) &&
    Id.replace('sha256:', '').startsWith(image.replace('sha256:', ''))
  )
}
