import { isHostError } from '@capstan/core'
import { createHostError, toFamiliarName } from '@capstan/core/plugin'
import { toContainerName } from '../engine/container-name.js'
import type { DockerApi, InspectedImage, ListedImage } from '../engine/docker-api.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import type { EngineQuirks } from '../quirks/engine-quirks.js'
import { findImage } from './images.js'

/**
 * Removes an image. Given a tag, removes that tag, and the image too if it was the last one. Given an id, removes all
 * tags and the image. Resolves if it does not exist.
 *
 * Rejects with IN_USE and the users' names when a container, running or not, or another image uses it. The users are
 * listed before the removal: engines remove the last tag of the base of an image and keep the image without tags, and
 * Docker 28.5 with the image store of containerd does so for an id as well.
 */
export async function removeImage(engine: DockerEngine, call: EngineCall): Promise<void> {
  const { subject: image } = call
  const api = await engine.api(call)
  const found = await findImage(engine, image, call)
  if (found === undefined) return
  const keepsImage = !isIdOf(image, found) && (found.RepoTags ?? []).length > 1
  if (!keepsImage) await rejectUsed(engine, found, call)
  const refusal = await tryRemove(api, image)
  if (refusal === undefined) return
  // A container or an image may use it since the lists, and some engines refuse to remove one of several tags.
  await rejectUsed(engine, found, call, refusal)
  if (!isIdOf(image, found)) throw refusal
  await removeTags(api, found, refusal)
}

async function rejectUsed(
  engine: DockerEngine,
  found: InspectedImage,
  call: EngineCall,
  cause?: unknown,
): Promise<void> {
  const api = await engine.api(call)
  const users = (await Promise.all([listContainersOf(api, found), listDerived(engine, found, call)])).flat()
  if (users.length > 0) throw createHostError('IN_USE', { subject: `image "${call.subject}"`, users }, { cause })
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

async function listDerived(engine: DockerEngine, { Id }: InspectedImage, call: EngineCall): Promise<readonly string[]> {
  const api = await engine.api(call)
  return findDerived(await api.listImages({ all: true }), Id, engine.details.quirks)
}

/**
 * Returns the tags of the images that are built on the image. The image of a step of a build has no tag: the tags of those
 * that are built on it are returned, or else its id, unless the engine removes such images with their base.
 */
function findDerived(
  images: readonly (ListedImage & { readonly ParentId?: string })[],
  id: string,
  quirks: EngineQuirks,
): readonly string[] {
  return images
    .filter(({ ParentId }) => isSameId(ParentId, id))
    .flatMap(({ Id, RepoTags }) => {
      const [tag] = (RepoTags ?? []).filter((one) => !one.includes('<none>'))
      if (tag !== undefined) return [toFamiliarName(tag)]
      const further = findDerived(images, Id, quirks)
      return further.length > 0 || quirks.removesBaseImages ? further : [Id]
    })
}

/** Whether an image is the parent. Podman lists the id of a parent without `sha256:`. */
function isSameId(parentId: string | undefined, id: string): boolean {
  return parentId !== undefined && parentId.replace('sha256:', '') === id.replace('sha256:', '')
}

/** Whether a reference is an id or a prefix of one, and not a tag. */
function isIdOf(image: string, { Id, RepoTags }: InspectedImage): boolean {
  return (
    !(RepoTags ?? []).map(toFamiliarName).includes(toFamiliarName(image)) &&
    Id.replace('sha256:', '').startsWith(image.replace('sha256:', ''))
  )
}
