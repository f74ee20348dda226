import type { Environment } from '@capstan/core/plugin'
import { compareApiVersions, isApiVersion, supportedApi, toRangesText } from '../engine/api-version.js'
import type { ApiVersions } from '../engine/docker-details.js'

/**
 * Checks that the API versions of the engine and of this package overlap, and that a pinned version is in both ranges.
 *
 * @throws ApiRangeError with both ranges.
 */
export function checkApiRange({ version, newest, oldest }: ApiVersions, oldestTaken: string): void {
  const ours = { oldest: oldestTaken, newest: supportedApi.newest }
  const ranges = toRangesText({ newest, ...(oldest === undefined ? {} : { oldest }) }, ours)
  const isOlder = (left: string, right: string) => compareApiVersions(left, right) < 0
  if (isOlder(newest, ours.oldest)) throw new ApiRangeError(`the engine is too old: ${ranges}`)
  if (oldest !== undefined && isOlder(ours.newest, oldest)) throw new ApiRangeError(`the engine is too new: ${ranges}`)
  const isOld = isOlder(version, ours.oldest) || (oldest !== undefined && isOlder(version, oldest))
  const isNew = isOlder(ours.newest, version) || isOlder(newest, version)
  if (isOld || isNew) throw new ApiRangeError(`the environment sets version ${version}: ${ranges}`)
}

/**
 * Reads the API version that a variable such as `DOCKER_API_VERSION` pins, so that none is negotiated; `undefined` when
 * unset.
 */
export function readPinnedVersion(env: Environment, variable: string): string | undefined {
  const given = env[variable]?.replace(/^v/, '')
  if (!given) return undefined
  if (isApiVersion(given)) return given
  throw new ApiRangeError(`${variable} is not a version such as 1.41: ${given}`)
}

/** The error for an engine with an unsupported API version. */
export class ApiRangeError extends Error {
  readonly code = 'API_VERSION'
}
