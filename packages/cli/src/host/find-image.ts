import type { ImageInfo, OperationOptions, Runtime } from '@capstan/core'
import { toFamiliarName, toFullName } from '@capstan/core/plugin'
import { CliError } from '../errors/cli-error.js'

/**
 * Returns the full ID for an unambiguous prefix of one, and any other reference unchanged. A tag takes precedence, as in docker.
 *
 * @throws CliError if several IDs have the prefix.
 */
export async function resolveImage(
  runtime: Pick<Runtime, 'listImages'>,
  reference: string,
  options: OperationOptions,
): Promise<string> {
  if (!idPrefix.test(reference)) return reference
  return pickImage(await runtime.listImages({ ...options, all: true }), reference)
}

/** As {@link resolveImage}, for images that are listed already. */
export function pickImage(all: readonly ImageInfo[], reference: string): string {
  const tag = toFamiliarName(toFullName(reference))
  if (!idPrefix.test(reference) || all.some(({ tags }) => tags.includes(tag))) return reference
  const digits = reference.replace('sha256:', '')
  const [first, ...others] = all.filter(({ id }) => id.replace('sha256:', '').startsWith(digits))
  if (first === undefined) return reference
  if (others.length === 0) return first.id
  const ids = [first, ...others].map(({ id }) => id.replace('sha256:', '').slice(0, 12)).join(', ')
  throw new CliError(`several images have an ID that begins with "${reference}": ${ids}; use a longer prefix`)
}

const idPrefix = /^(sha256:)?[0-9a-f]{1,64}$/
