import {
  createHostError,
  type OperationOptions,
  type ProgressEvent,
  validateContainerConfig,
  validateImageReference,
  validateName,
} from '@capstan/core'

/** How BuildKit is to be started. */
export interface BuildKitOptions extends OperationOptions {
  /** A reference, best with a digest. Default {@link defaultBuildKitImage}; pulled only where it is absent. */
  readonly image?: string
  /** Users of one name and one configuration share one sidecar. Default: derived from the configuration. */
  readonly name?: string
  readonly memoryBytes?: number
  readonly cpus?: number
  /** Total wait, in milliseconds, from the start of the container until BuildKit answers; default 60 000. */
  readonly readyTimeoutMs?: number
  /** How long, in milliseconds, the sidecar waits for another user after this one was the last; default 500. */
  readonly graceMs?: number
  /** The pull, where there is one, and once a second how long BuildKit is waited for. */
  readonly onProgress?: (event: ProgressEvent) => void
}

/** Options of a build that brings its own sidecar. */
export interface BuildKitBuildOptions extends BuildKitOptions {
  /** What builds where no sidecar can be had. Default `none`: the build fails then. */
  readonly fallback?: 'none' | 'runtime'
}

/** The release that this package was written for; the oldest that works is v0.13.0. */
export const defaultBuildKitImage: string = 'moby/buildkit:v0.32.2'

/** @throws HostError INVALID_ARGUMENT with the path of the field. */
export function validateBuildKitOptions(options: BuildKitOptions): void {
  const { image, name, memoryBytes, cpus, readyTimeoutMs, graceMs } = options
  if (image !== undefined) validateImageReference(image)
  if (name !== undefined) validateName(name)
  validateContainerConfig({
    image: image ?? defaultBuildKitImage,
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ...(cpus === undefined ? {} : { cpus }),
  })
  checkTime('readyTimeoutMs', readyTimeoutMs ?? 1, { least: 1 })
  checkTime('graceMs', graceMs ?? 0, { least: 0 })
}

function checkTime(field: string, value: number, { least }: { readonly least: number }): void {
  if (value >= least && value < 2 ** 31) return
  const expected = `a number of milliseconds from ${least} on`
  throw createHostError('INVALID_ARGUMENT', { field, expected, given: String(value) })
}
