import type { CreateOptions, PullProgress } from '@capstan/core'
import { createHostError, type Operation } from '@capstan/core/plugin'
import { isServiceGone, toErrorText } from '../apple-errors.js'
import type { AppleRuntimeContext } from '../apple-runtime-context.js'
import { toOption } from '../cli/options.js'
import { findImage } from './images.js'

export interface PullSettings {
  readonly call: Operation
  readonly platform?: string | undefined
  readonly onProgress?: ((event: PullProgress) => void) | undefined
}

/** Pulls an image. Rejects with IMAGE_PULL_FAILED if the registry rejects the pull or cannot be reached. */
export async function pullImage(
  context: AppleRuntimeContext,
  image: string,
  { call, platform, onProgress }: PullSettings,
): Promise<void> {
  const progress = context.details.hasPullProgress ? ['--progress', onProgress === undefined ? 'none' : 'plain'] : []
  const argv = ['image', 'pull', ...progress, ...toOption('platform', platform), image]
  const onLine = onProgress && ((line: string) => reportProgress(onProgress, image, line))
  const result = await context.cli.run(argv, { ...call, limit: 'pullMs', onLine })
  if (result.exitCode === 0) {
    onProgress?.({ id: image, status: 'pulled', phase: 'done' })
    return
  }
  const text = toErrorText(result.stderr)
  if (isServiceGone(text)) throw context.toError(result, call)
  throw createHostError('IMAGE_PULL_FAILED', { image, registryText: text === '' ? 'the command gave no reason' : text })
}

/** Reports a progress line such as `[1/2] Fetching image 40% (12 of 30 blobs, 15.0/37.4 MB)`. */
function reportProgress(onProgress: (event: PullProgress) => void, image: string, line: string): void {
  const status = line.trim()
  if (status === '' || status.startsWith('Error: ')) return
  const phase = /unpack|extract/i.test(status)
    ? 'extracting'
    : /fetch|download|blob/i.test(status)
      ? 'downloading'
      : 'resolving'
  onProgress({ id: image, status, phase })
}

export interface EnsureOptions {
  readonly call: Operation
  readonly pull: 'missing' | 'never'
  readonly platform: string | undefined
  readonly onProgress: CreateOptions['onProgress'] | undefined
}

/** Pulls the image if it is missing. `create` would pull it too, but without progress. */
export async function ensureImage(
  context: AppleRuntimeContext,
  image: string,
  { call, pull, onProgress, platform }: EnsureOptions,
): Promise<void> {
  if ((await findImage(context, image, call)) !== undefined) return
  if (pull === 'never') throw createHostError('IMAGE_NOT_FOUND', { image })
  await pullImage(context, image, { call, onProgress, platform })
}
