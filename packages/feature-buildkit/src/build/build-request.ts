import type { Writable } from 'node:stream'
import {
  type BuildContext,
  createHostError,
  type RegistryCredentials,
  type StringMap,
  validateBuild,
  validateImageTag,
} from '@capstan/core'

/** What becomes of the result. There is no default: BuildKit's own keeps it in the cache alone. */
export type BuildOutput =
  /** Into the runtime's images. */
  | { readonly type: 'load'; readonly tags: readonly string[] }
  /** To the registries of the tags. */
  | { readonly type: 'push'; readonly tags: readonly string[] }
  /** A tar archive to a stream, which is ended with it: an image, or the files of its root. */
  | {
      readonly type: 'archive'
      readonly format: 'docker' | 'oci' | 'files'
      readonly to: Writable
      readonly tags?: readonly string[]
    }
  | { readonly type: 'cache-only' }

/** One build. */
export interface BuildRequest {
  readonly context: BuildContext
  /** Its path in the context; default `Dockerfile`. */
  readonly dockerfile?: string
  /** The text of one that is not in the context; instead of `dockerfile`. */
  readonly dockerfileText?: string
  /** The stage to stop at. Default: the last. */
  readonly target?: string
  readonly buildArgs?: StringMap
  readonly labels?: StringMap
  /** For example `linux/arm64`. Default: that of the machine. */
  readonly platforms?: readonly string[]
  /** By the ids that `RUN --mount=type=secret` names. Never in a command line, in the image or in an error. */
  readonly secrets?: Readonly<Record<string, string | Uint8Array>>
  /** Runs every step anew. Default false. */
  readonly noCache?: boolean
  /** As `buildctl --import-cache` has them: `type=registry,ref=…`. */
  readonly cacheFrom?: readonly string[]
  /** As `buildctl --export-cache` has them. */
  readonly cacheTo?: readonly string[]
  /** By registry host, for this build alone. */
  readonly credentials?: Readonly<Record<string, RegistryCredentials>>
  readonly output: BuildOutput
}

/**
 * What `build` checks before it does anything.
 *
 * @throws HostError INVALID_ARGUMENT with the path of the field; it shows no secret.
 */
export function validateBuildRequest(request: BuildRequest): void {
  const { context, buildArgs, labels, target, noCache, platforms = [], secrets = {}, output } = request
  const given = { context, buildArgs, labels, target, noCache }
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  validateBuild('FROM scratch', 'checked/apart', set)
  for (const [index, platform] of platforms.entries()) {
    check(/^[a-z0-9]+\/[a-z0-9_]+(\/[a-z0-9]+)?$/.test(platform), `platforms[${index}]`, '"os/architecture"', platform)
  }
  for (const id of Object.keys(secrets))
    check(/^[\w.-]+$/.test(id), 'secrets', 'ids of letters, digits, "_", "." and "-"', id)
  checkPath('dockerfile', request.dockerfile ?? 'Dockerfile')
  checkText(request)
  for (const field of ['cacheFrom', 'cacheTo'] as const) {
    for (const [index, text] of (request[field] ?? []).entries())
      check(/^type=\w+/.test(text), `${field}[${index}]`, 'a text such as "type=registry,ref=…"', text)
  }
  checkOutput(output)
}

function checkOutput(output: BuildOutput): void {
  check(typeof output === 'object' && output !== null, 'output', 'one of load, push, archive and cache-only', output)
  const types = ['load', 'push', 'archive', 'cache-only']
  check(types.includes(output.type), 'output.type', 'load, push, archive or cache-only', output.type)
  if (output.type === 'cache-only') return
  const { tags = [] } = output
  if (output.type !== 'archive') check(tags.length > 0, 'output.tags', 'at least one reference', 'none')
  for (const [index, tag] of tags.entries()) validateImageTag(tag, `output.tags[${index}]`)
}

function checkText({ dockerfile, dockerfileText: text }: BuildRequest): void {
  if (text === undefined) return
  check(dockerfile === undefined, 'dockerfile', 'left out where dockerfileText is given', dockerfile)
  check(typeof text === 'string' && text.trim() !== '', 'dockerfileText', 'the text of a Dockerfile', text)
}

function checkPath(field: string, path: string): void {
  const isInside = !path.startsWith('/') && !path.split('/').includes('..') && !/[\0\n]/.test(path) && path !== ''
  check(isInside, field, 'a path in the context', path)
}

function check(holds: boolean, field: string, expected: string, given: unknown): void {
  if (!holds) throw createHostError('INVALID_ARGUMENT', { field, expected, given: JSON.stringify(given) ?? 'nothing' })
}
