import type { Environment } from '@capstan/core/plugin'
import { compareVersions, isApiVersion, supportedApi, toRangesText } from '../engine/api-version.js'
import type { ApiVersions } from '../engine/docker-details.js'

/**
 * Checks that the API versions of the engine and of this package overlap, and that a pinned version is in both ranges.
 *
 * @throws ApiRangeError with both ranges.
 */
export function checkApiRange(
  { version, newest, oldest }: ApiVersions,
  oldestSupported: string,
  variable: string = 'the variable for the API version',
): void {
  const supported = { oldest: oldestSupported, newest: supportedApi.newest }
  const ranges = toRangesText({ newest, ...(oldest === undefined ? {} : { oldest }) }, supported)
  const isOlder = (left: string, right: string) => compareVersions(left, right) < 0
  if (isOlder(newest, supported.oldest)) {
    const remedy = `update the engine to a version that supports API ${supported.oldest}`
    throw new ApiRangeError(`the engine is too old: ${ranges}`, remedy)
  }
  if (oldest !== undefined && isOlder(supported.newest, oldest)) {
    const remedy = `update this package, or use an engine that supports API ${supported.newest}`
    throw new ApiRangeError(`the engine is too new: ${ranges}`, remedy)
  }
  const isOld = isOlder(version, supported.oldest) || (oldest !== undefined && isOlder(version, oldest))
  const isNew = isOlder(supported.newest, version) || isOlder(newest, version)
  if (!isOld && !isNew) return
  throw new ApiRangeError(`the environment sets version ${version}: ${ranges}`, `unset ${variable}`)
}

/**
 * Reads the API version that a variable such as `DOCKER_API_VERSION` pins, so that none is negotiated; `undefined` when
 * unset.
 */
export function readPinnedVersion(env: Environment, variable: string): string | undefined {
  const given = env[variable]?.replace(/^v/, '')
  if (!given) return undefined
  if (isApiVersion(given)) return given
  throw new ApiRangeError(`${variable} is not a version such as 1.41: ${given}`, `unset ${variable}`)
}

/** The error for an engine with an unsupported API version. */
export class ApiRangeError extends Error {
  readonly code = 'API_VERSION'
  readonly remedy: string

  constructor(message: string, remedy: string) {
    super(message)
    this.remedy = remedy
  }
}
