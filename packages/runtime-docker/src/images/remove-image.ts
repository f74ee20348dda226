import { isHostError } from '@capstan/core'
import { createHostError, toFamiliarName } from '@capstan/core/plugin'
import { toContainerName } from '../engine/container-name.js'
import type { DockerApi, InspectedImage, ListedImage } from '../engine/docker-api.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { findImage } from './images.js'

/**
 * Removes an image. Given a tag, removes that tag, and the image too if it was the last one. Given an id, removes all
 * tags and the image. Resolves if it does not exist.
 *
 * Rejects with IN_USE and the users' names when a container, running or not, or another image uses it.
 */
export async function removeImage(engine: DockerEngine, call: EngineCall): Promise<void> {
  const { subject: image } = call
  const api = await engine.api(call)
  if (engine.details.facts.imageStore === 'containerd') await checkUnused(engine, api, call)
  const refusal = await tryRemove(api, image)
  if (refusal === undefined) return
  const found = await findImage(engine, image, call)
  if (found === undefined) return
  await rejectUsed(api, found, { image, cause: refusal })
  if (!isIdOf(image, found)) throw refusal
  await removeTags(api, found, refusal)
}

/**
 * Rejects with IN_USE when a container or another image uses the image, unless only one of several tags is to be removed.
 * With the image store of containerd, Docker 28.5 answers the removal of the base of an image with success, and keeps it
 * without its tags.
 */
async function checkUnused(engine: DockerEngine, api: DockerApi, call: EngineCall): Promise<void> {
  const { subject: image } = call
  const found = await findImage(engine, image, call)
  if (found === undefined) return
  const hasOtherTags = !isIdOf(image, found) && (found.RepoTags ?? []).length > 1
  if (!hasOtherTags) await rejectUsed(api, found, { image })
}

async function rejectUsed(
  api: DockerApi,
  found: InspectedImage,
  { image, cause }: { readonly image: string; readonly cause?: unknown },
): Promise<void> {
  const users = [...(await listContainersOf(api, found)), ...(await listChildren(api, found))]
  if (users.length > 0) throw createHostError('IN_USE', { subject: `image "${image}"`, users }, { cause })
}

/** Resolves with the engine's refusal to remove the image, and rejects with any other error. */
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

/** Removes an image with several tags, whose id the engine refuses, tag by tag. */
async function removeTags(api: DockerApi, { RepoTags }: InspectedImage, refusal: unknown): Promise<void> {
  const tags = RepoTags ?? []
  if (tags.length < 2) throw refusal
  for (const tag of tags) {
    const failure = await tryRemove(api, tag)
    if (failure !== undefined) throw failure
  }
}

async function listContainersOf(api: DockerApi, { Id }: InspectedImage): Promise<readonly string[]> {
  // The filter `ancestor` is not used: it also finds containers of derived images, and on some engines finds none by the id.
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

/** Whether a reference is an id or a prefix of one, and not a tag. */
function isIdOf(image: string, { Id, RepoTags }: InspectedImage): boolean {
  return (
    !(RepoTags ?? []).map(toFamiliarName).includes(toFamiliarName(image)) &&
    Id.replace('sha256:', '').startsWith(image.replace('sha256:', ''))
  )
}
