import { createRuntimeHost, isHostError, type Runtime } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { within } from '../assert/wait.js'
import type { ConformanceOptions } from '../conformance-options.js'

/**
 * Resolves when the runtime has the image, or when it cannot be checked.
 *
 * @throws HostError IMAGE_NOT_FOUND when the runtime lacks the image, so that not every case fails
 */
export async function requireImage({ plugin, image, env }: ConformanceOptions): Promise<void> {
  const host = createRuntimeHost({ plugins: [plugin], ...(env && { env }) })
  const asking = host.open({ runtime: plugin.name }).then(({ runtime }) => lacksImage(runtime, image))
  const isLacking = await within(limitMs, 'the check of the image', asking).catch(() => false)
  await within(limitMs, 'the end of closing', host[Symbol.asyncDispose]()).catch(() => {})
  if (isLacking) throw createHostError('IMAGE_NOT_FOUND', { image })
}

/** Asks in two ways, because `imageExists` itself is under test. */
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
