import type { HostError } from '@capstan/core'

/** BuildKit's own image could not be had; `remedy` names the ways out that are open. */
export class BuildKitImageError extends Error {
  override readonly name = 'BuildKitImageError'
  readonly remedy: string

  constructor(cause: HostError<'IMAGE_PULL_FAILED'>, remedy: string) {
    super(cause.message, { cause })
    this.remedy = remedy
  }
}
