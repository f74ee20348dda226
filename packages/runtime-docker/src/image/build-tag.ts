import { createHostError } from '@capstan/core'
import { parseImageReference } from './image-reference.js'

/** Throws INVALID_ARGUMENT for what the engine could not tag: else a wrong tag would look like a wrong Dockerfile. */
export function checkTag(given: string): void {
  const { name, tag, digest } = parseImageReference(given)
  const holds = digest === undefined && namePattern.test(name) && (tag === undefined || tagPattern.test(tag))
  if (holds) return
  const expected = 'a name in lower case with an optional tag, such as "app:1"'
  throw createHostError('INVALID_ARGUMENT', { field: 'tag', expected, given: JSON.stringify(given) })
}

// https://github.com/distribution/reference/blob/main/regexp.go
const namePattern =
  /^(?:(?:localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|[A-Za-z0-9-]+(?=:\d))(?::\d+)?\/)?[a-z0-9]+(?:(?:\.|_|__|-+|\/)[a-z0-9]+)*$/
const tagPattern = /^\w[\w.-]{0,127}$/
