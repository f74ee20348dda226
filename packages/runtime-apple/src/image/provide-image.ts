import { type CreateOptions, createHostError } from '@capstan/core'
import type { AppleCall, AppleConnection } from '../apple-connection.js'
import { findImage } from './images.js'
import { pullImage } from './pull-image.js'

export interface ProvideOptions {
  readonly call: AppleCall
  readonly pull: 'missing' | 'never'
  readonly platform: string | undefined
  readonly onProgress: CreateOptions['onProgress'] | undefined
}

/** Makes sure that the image is here: `create` would pull it by itself, and tell nobody. */
export async function provideImage(
  connection: AppleConnection,
  image: string,
  { call, pull, onProgress, platform }: ProvideOptions,
): Promise<void> {
  if ((await findImage(connection, image, call)) !== undefined) return
  if (pull === 'never') throw createHostError('IMAGE_NOT_FOUND', { image })
  await pullImage(connection, image, { call, onProgress, platform })
}
