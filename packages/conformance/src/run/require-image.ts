import { createRuntimeHost, isHostError, type Runtime } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { within } from '../assert/wait.js'
import type { ConformanceOptions } from '../conformance-options.js'

/**
 * Resolves when the cases have an image to run, or when that cannot be told: then the cases tell.
 *
 * @throws HostError IMAGE_NOT_FOUND where the runtime has no such image: one sentence, and not hundreds of failures
 */
export async function requireImage({ plugin, image, env }: ConformanceOptions): Promise<void> {
  const host = createRuntimeHost({ plugins: [plugin], ...(env && { env }) })
  const asking = host.open({ runtime: plugin.name }).then(({ runtime }) => lacksImage(runtime, image))
  const isLacking = await within(limitMs, 'a word on the image', asking).catch(() => false)
  await within(limitMs, 'the end of closing', host[Symbol.asyncDispose]()).catch(() => {})
  if (isLacking) throw createHostError('IMAGE_NOT_FOUND', { image })
}

/** By two witnesses: that `imageExists` is right is for the cases to find out. */
async function lacksImage(runtime: Runtime, image: string): Promise<boolean> {
  if (await runtime.imageExists(image)) return false
  try {
    await runtime.removeContainer(await runtime.createContainer({ image, pull: 'never' }))
    return false
  } catch (error) {
    return isHostError(error, 'IMAGE_NOT_FOUND')
  }
}

const limitMs = 10_000
