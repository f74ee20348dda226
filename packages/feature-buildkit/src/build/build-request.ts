import type { Writable } from 'node:stream'
import type { BuildContext, RegistryCredentials } from '@capstan/core'
import { createHostError, type StringMap, validateBuild, validateImageTag } from '@capstan/core/plugin'

/** The destination of the result. There is no default: by default BuildKit keeps the result only in its cache. */
export type BuildOutput =
  /** Loads the image into the runtime. */
  | { readonly type: 'load'; readonly tags: readonly string[] }
  /** Pushes the image to the registries of the tags. */
  | { readonly type: 'push'; readonly tags: readonly string[] }
  /**
   * Writes a tar archive of the image, or of the files in its root, to a stream, and ends the stream. Destroys it when the
   * build has started and fails.
   */
  | {
      readonly type: 'archive'
      readonly format: 'docker' | 'oci' | 'files'
      readonly to: Writable
      readonly tags?: readonly string[]
    }
  /** Keeps the result only in BuildKit's cache. */
  | { readonly type: 'cache-only' }

/** The input and the options of one build. */
export interface BuildRequest {
  readonly context: BuildContext
  /** The path of the Dockerfile in the context. Default `Dockerfile`. */
  readonly dockerfile?: string
  /** The text of a Dockerfile that is not in the context. Excludes `dockerfile`. */
  readonly dockerfileText?: string
  /** The stage to build. Default: the last stage. */
  readonly target?: string
  readonly buildArgs?: StringMap
  readonly labels?: StringMap
  /** For example `linux/arm64`. Default: the platform of the engine's machine. */
  readonly platforms?: readonly string[]
  /**
   * By the ids used in `RUN --mount=type=secret`. Never part of a command line. A step may print them, so events and errors have
   * `***` instead of each value of at least 4 bytes, and of each line of at least 8 bytes of a value with several lines.
   */
  readonly secrets?: Readonly<Record<string, string | Uint8Array>>
  /** Runs every step again. Default false. */
  readonly noCache?: boolean
  /** In the format of `buildctl --import-cache`: `type=registry,ref=…`. */
  readonly cacheFrom?: readonly string[]
  /** In the format of `buildctl --export-cache`. */
  readonly cacheTo?: readonly string[]
  /** By registry host. Used for this build only. */
  readonly credentials?: Readonly<Record<string, RegistryCredentials>>
  readonly output: BuildOutput
}

/**
 * Checks a request, as `build` does before it has any effect.
 *
 * @throws HostError INVALID_ARGUMENT with the path of the field. The error contains no secret.
 */
export function validateBuildRequest(request: BuildRequest): void {
  const { context, buildArgs, labels, target, noCache, platforms = [], secrets = {}, output } = request
  const given = { context, buildArgs, labels, target, noCache }
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  // Dockerfile and tag are placeholders: those of the request are checked below.
  validateBuild('FROM scratch', 'placeholder', set)
  for (const [index, platform] of platforms.entries()) {
    check(/^[a-z0-9]+\/[a-z0-9_]+(\/[a-z0-9]+)?$/.test(platform), `platforms[${index}]`, '"os/architecture"', platform)
  }
  for (const id of Object.keys(secrets))
    check(/^[\w.-]+$/.test(id), 'secrets', 'keys of letters, digits, "_", "." and "-"', id)
  checkDockerfile(request)
  for (const field of ['cacheFrom', 'cacheTo'] as const) {
    for (const [index, text] of (request[field] ?? []).entries())
      check(/^type=\w+/.test(text), `${field}[${index}]`, 'a text such as "type=registry,ref=…"', text)
  }
  checkOutput(output)
}

function checkOutput(output: BuildOutput): void {
  check(typeof output === 'object' && output !== null, 'output', 'an object with a `type`', output)
  const types = ['load', 'push', 'archive', 'cache-only']
  check(types.includes(output.type), 'output.type', 'load, push, archive or cache-only', output.type)
  if (output.type === 'cache-only') return
  const { tags = [] } = output
  if (output.type !== 'archive') check(tags.length > 0, 'output.tags', 'at least one reference', 'none')
  for (const [index, tag] of tags.entries()) validateImageTag(tag, `output.tags[${index}]`)
}

function checkDockerfile({ dockerfile, dockerfileText: text }: BuildRequest): void {
  const path = dockerfile ?? 'Dockerfile'
  const isInside = !path.startsWith('/') && !path.split('/').includes('..') && !/[\0\n]/.test(path) && path !== ''
  check(isInside, 'dockerfile', 'a relative path without ".." in the context', path)
  if (text === undefined) return
  check(dockerfile === undefined, 'dockerfile', 'omitted when dockerfileText is given', dockerfile)
  check(typeof text === 'string' && text.trim() !== '', 'dockerfileText', 'the text of a Dockerfile', text)
}

function check(isValid: boolean, field: string, expected: string, given: unknown): void {
  if (!isValid)
    throw createHostError('INVALID_ARGUMENT', { field, expected, given: JSON.stringify(given) ?? 'nothing' })
}
