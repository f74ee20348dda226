import type { PushProgress } from '@capstan/core'
import { createHostError, type Operation } from '@capstan/core/plugin'
import { isServiceGone, toErrorText } from '../apple-errors.js'
import type { AppleRuntimeContext } from '../apple-runtime-context.js'

export interface PushSettings {
  readonly call: Operation
  readonly onProgress?: ((event: PushProgress) => void) | undefined
}

/** Pushes an image. Rejects with IMAGE_PUSH_FAILED if the registry rejects the push or cannot be reached. */
export async function pushImage(
  context: AppleRuntimeContext,
  image: string,
  { call, onProgress }: PushSettings,
): Promise<void> {
  const progress = context.details.hasPullProgress ? ['--progress', onProgress === undefined ? 'none' : 'plain'] : []
  const onLine = onProgress && ((line: string) => reportProgress(onProgress, image, line))
  const result = await context.cli.run(['image', 'push', ...progress, image], { ...call, limit: 'pullMs', onLine })
  if (result.exitCode === 0) {
    onProgress?.({ id: image, status: 'pushed', phase: 'done' })
    return
  }
  const text = toErrorText(result.stderr)
  if (isServiceGone(text)) throw context.toError(result, call)
  throw createHostError('IMAGE_PUSH_FAILED', { image, registryText: text === '' ? 'the command gave no reason' : text })
}

/** Reports a progress line such as `Pushing image 40% (12 of 30 blobs, 15.0/37.4 MB)`. */
function reportProgress(onProgress: (event: PushProgress) => void, image: string, line: string): void {
  const status = line.trim()
  if (status === '' || status.startsWith('Error: ')) return
  onProgress({ id: image, status, phase: /push|upload|blob/i.test(status) ? 'uploading' : 'preparing' })
}
