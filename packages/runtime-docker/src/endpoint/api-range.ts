import type { Environment } from '@capstan/core/plugin'
import { compareApiVersions, isApiVersion, supportedApi, toRangesText } from '../engine/api-version.js'
import type { ApiVersions } from '../engine/docker-details.js'

/**
 * Accepts an engine whose API versions and ours overlap, and a pinned version that is in both.
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
  if (isOld || isNew) throw new ApiRangeError(`the environment asks for ${version}: ${ranges}`)
}

/** What the variable (docker's is `DOCKER_API_VERSION`) pins, which switches negotiation off; `undefined` when it is not set. */
export function readPinnedVersion(env: Environment, variable: string): string | undefined {
  const given = env[variable]?.replace(/^v/, '')
  if (!given) return undefined
  if (isApiVersion(given)) return given
  throw new ApiRangeError(`${variable} is no version such as 1.41: ${given}`)
}

/** An engine that is there and cannot be spoken to. */
export class ApiRangeError extends Error {
  readonly code = 'API_VERSION'
}
