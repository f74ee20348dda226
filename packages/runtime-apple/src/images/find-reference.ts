import { createHostError, isImageId } from '@capstan/core/plugin'
import type { AppleRuntimeContext } from '../apple-runtime-context.js'
import type { CliCall } from '../cli/apple-cli.js'
import { type AppleImage, parseImages } from './parse-images.js'

/** Resolves with a reference of the image, because the command accepts no ids. A reference is returned unchanged. */
export async function findReference(context: AppleRuntimeContext, image: string, call: CliCall): Promise<string> {
  if (!isImageId(image)) return image
  const [reference] = await findReferences(context, image, call)
  if (reference === undefined) throw createHostError('IMAGE_NOT_FOUND', { image })
  return reference
}

/** Lists the references of the image with this id. */
export async function findReferences(
  context: AppleRuntimeContext,
  id: string,
  call: CliCall,
): Promise<readonly string[]> {
  const wanted = id.replace(/^sha256:/, '')
  const images = (await listTaggedImages(context, call)).filter((listed) => listed.id.endsWith(wanted))
  return images.map(({ reference }) => reference)
}

/** Lists the images, each once for every reference. */
export async function listTaggedImages(context: AppleRuntimeContext, call: CliCall): Promise<readonly AppleImage[]> {
  const { stdout } = await context.run(['image', 'list', '--format', 'json'], call)
  return parseImages(call.operation, stdout)
}
