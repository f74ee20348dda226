import type { ImageInfo, ImageInspection } from '@capstan/core'
import {
  createHostError,
  isImageId,
  isListed,
  type ListOptions,
  type Operation,
  toFamiliarName,
  toFullName,
  toImageHome,
} from '@capstan/core/plugin'
import { type AppleRuntimeContext, ifPresent } from '../apple-runtime-context.js'
import type { CliCall } from '../cli/apple-cli.js'
import { listContainers } from '../containers/queries/find-container.js'
import { findReference, findReferences, listTaggedImages } from './find-reference.js'
import { type AppleImage, type AppleImageDetails, parseImages } from './parse-images.js'

/** Inspects the image of this reference. `undefined` if the command reports that there is none. */
export async function findImage(
  context: AppleRuntimeContext,
  reference: string,
  call: CliCall,
): Promise<AppleImage | undefined> {
  const inspecting = context.run(['image', 'inspect', reference], { ...call, subject: reference })
  const result = await ifPresent(inspecting, 'IMAGE_NOT_FOUND')
  return result === undefined ? undefined : parseImages(call.operation, result.stdout)[0]
}

/** Lists images: one entry for each, with all its references. */
export async function listImages(
  context: AppleRuntimeContext,
  options: ListOptions,
  call: CliCall,
): Promise<readonly ImageInfo[]> {
  const listed = await listTaggedImages(context, call)
  const known = listed.every(({ config }) => config !== undefined) ? listed : await inspectAll(context, listed, call)
  const byId = new Map<string, AppleImage[]>()
  for (const image of known) byId.set(image.id, [...(byId.get(image.id) ?? []), image])
  return [...byId.values()].map(toImageInfo).filter((image) => isListed(image, options))
}

/**
 * Releases before 1.0 list images without labels, so they are inspected. One that is removed meanwhile fails the inspection of
 * all, which are then inspected one by one.
 */
async function inspectAll(
  context: AppleRuntimeContext,
  listed: readonly AppleImage[],
  call: CliCall,
): Promise<readonly AppleImage[]> {
  if (listed.length === 0) return []
  const references = listed.map(({ reference }) => reference)
  const inspecting = context.run(['image', 'inspect', ...references], call)
  const result = await ifPresent(inspecting, 'IMAGE_NOT_FOUND')
  if (result !== undefined) return parseImages(call.operation, result.stdout)
  const found = await Promise.all(references.map((reference) => findImage(context, reference, call)))
  return found.filter((image) => image !== undefined)
}

function toImageInfo(images: readonly AppleImage[]): ImageInfo {
  const [first] = images
  return {
    id: first?.id ?? '',
    tags: images.map(({ reference }) => toFamiliarName(reference)),
    digests: [],
    sizeBytes: first?.sizeBytes,
    createdAt: first?.createdAt,
    labels: first?.config?.labels ?? {},
  }
}

/** Inspects an image, given by a reference or an id. Its tags are all references of the image. */
export async function inspectImage(
  context: AppleRuntimeContext,
  image: string,
  call: CliCall,
): Promise<{ readonly inspection: ImageInspection; readonly details: AppleImageDetails }> {
  const found = await findImage(context, await findReference(context, image, call), call)
  if (found?.config === undefined || found.details === undefined) throw createHostError('IMAGE_NOT_FOUND', { image })
  const { details, config } = found
  const { labels, ...settings } = config
  const tags = (await findReferences(context, found.id, call)).map(toFamiliarName)
  const { id, sizeBytes, createdAt } = found
  const { platform, layers, author } = details
  const inspection = { id, tags, digests: [], sizeBytes, createdAt, labels, platform, layers, author, config: settings }
  return { inspection, details }
}

/** Reads the home directory from the image's configuration. An absent image has `/root`. */
export async function getImageHomeDir(context: AppleRuntimeContext, image: string, call: CliCall): Promise<string> {
  const config = (await findImage(context, await findReference(context, image, call), call))?.config
  return config === undefined ? '/root' : toImageHome(config)
}

/**
 * Removes one reference, or, given an id, all references of the image. Containers are checked first, because the command also
 * removes images that are in use.
 */
export async function removeImage(context: AppleRuntimeContext, image: string, call: Operation): Promise<void> {
  const references = isImageId(image) ? await findReferences(context, image, call) : [toFullName(image)]
  if (references.length === 0) return
  const containers = await listContainers(context, call)
  const users = containers.filter((container) => references.includes(container.image)).map(({ id }) => id)
  if (users.length > 0) throw createHostError('IN_USE', { subject: `image "${image}"`, users })
  await deleteReferences(context, references, { ...call, subject: image })
}

/** Deletes references. One that is gone is not an error. */
export async function deleteReferences(
  context: AppleRuntimeContext,
  references: readonly string[],
  call: CliCall,
): Promise<void> {
  const result = await context.cli.run(['image', 'delete', ...references], call)
  if (result.exitCode === 0) return
  const left = await Promise.all(references.map((reference) => findImage(context, reference, call)))
  if (left.some((found) => found !== undefined)) throw context.toError(result, call)
}
