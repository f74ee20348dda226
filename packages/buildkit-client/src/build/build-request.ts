import type { Writable } from 'node:stream'
import type { BuildContext, RegistryCredentials } from '@capstan/core'
import {
  checkAddress,
  checkHostName,
  checkPlatform,
  createHostError,
  redactUrlPassword,
  type StringMap,
  validateBuild,
  validateImageTag,
} from '@capstan/core/plugin'
import { isDigest } from '../session/oci-layout.js'
import type { FindCredentials, RegistryToken } from '../session/session-services.js'

/** The destination of the result. There is no default: by default BuildKit keeps the result only in its cache. */
export type BuildOutput =
  /** Loads the image into the runtime. Without tags it has no name, and `imageId` of the result identifies it. */
  | { readonly type: 'load'; readonly tags: readonly string[] }
  /**
   * Pushes the image to the registries of the tags, of which there is at least one. `insecure` allows registries without TLS or
   * with a certificate that cannot be verified. Default false.
   */
  | { readonly type: 'push'; readonly tags: readonly string[]; readonly insecure?: boolean }
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
  /** Writes the files in the root of the image to a directory. Existing files of the same names are replaced. */
  | { readonly type: 'directory'; readonly to: string }
  /** Keeps the result only in BuildKit's cache. */
  | { readonly type: 'cache-only' }

/** A context that BuildKit itself fetches: a git repository (`https://host/app.git#branch:directory`) or an archive. */
export interface RemoteContext {
  readonly url: string
}

/**
 * A cache outside of the daemon: `{ type: 'registry', ref: 'registry.example/app:cache', mode: 'max' }`. The other fields are the
 * attributes of the type. https://docs.docker.com/build/cache/backends/
 */
export interface BuildCache {
  /** `registry`, `local`, `inline`, `gha`, `s3` or `azblob`. */
  readonly type: string
  readonly [attribute: string]: string
}

/** The input and the options of one build. */
export interface BuildRequest {
  readonly context: BuildContext | RemoteContext
  /**
   * Further contexts by name, for `FROM name`, `COPY --from=name` and `RUN --mount=from=name`. A text is
   * `docker-image://IMAGE` or the URL of a git repository.
   */
  readonly namedContexts?: Readonly<Record<string, BuildContext | string>>
  /** The path of the Dockerfile in the context, or the name of `dockerfileText` in steps and errors. Default `Dockerfile`. */
  readonly dockerfile?: string
  /** The text of a Dockerfile that is not in the context. */
  readonly dockerfileText?: string
  /** The text of the ignore file of `dockerfileText`, which replaces `.dockerignore` of the context. Default: none. */
  readonly dockerignoreText?: string
  /** The stage to build. Default: the last stage. */
  readonly target?: string
  readonly buildArgs?: StringMap
  readonly labels?: StringMap
  /** For example `linux/arm64`. Default: the platform of the engine's machine. At most one for an archive of the format `docker`. */
  readonly platforms?: readonly string[]
  /**
   * By the ids used in `RUN --mount=type=secret`. Sent when a step requests them, and stored nowhere. A step may print them, so
   * events and errors have `***` instead of each value of at least 4 bytes, and of each line of at least 8 bytes of a value with
   * several lines.
   */
  readonly secrets?: Readonly<Record<string, string | Uint8Array>>
  /** Paths of the sockets of SSH agents by the ids used in `RUN --mount=type=ssh`, whose default is `default`. */
  readonly ssh?: Readonly<Record<string, string>>
  /** Privileges that steps may request, such as `network.host`. The daemon must allow them, too. Default: none. */
  readonly entitlements?: readonly string[]
  /** The network of the RUN steps without one of their own. `host` needs the entitlement `network.host`. Default: that of BuildKit. */
  readonly network?: 'host' | 'none'
  /**
   * Additional host names for the RUN steps, with their IP addresses. `host-gateway` stands for the address of the engine's machine,
   * which only the engine's own BuildKit knows.
   */
  readonly extraHosts?: StringMap
  /** Runs every step again. Default false. */
  readonly noCache?: boolean
  /** Runs the steps of these stages again. Default: none. */
  readonly noCacheStages?: readonly string[]
  /** Pulls a newer base image if the registry has one. Default false. */
  readonly pull?: boolean
  /**
   * Caches to import. With the type `local`, `src` is a directory of this machine. A directory without a cache is left out, with
   * an event `warning`.
   */
  readonly cacheFrom?: readonly BuildCache[]
  /**
   * Caches to export. With the type `local`, `dest` is a directory of this machine, which gets the layout of OCI. Blobs of
   * earlier caches are kept there.
   */
  readonly cacheTo?: readonly BuildCache[]
  /**
   * By registry host, such as `docker.io`, or a function that is called for each host that BuildKit connects to. `undefined` means
   * anonymous access. Used for this build only.
   */
  readonly credentials?: Readonly<Record<string, RegistryCredentials | RegistryToken>> | FindCredentials
  readonly output: BuildOutput
}

/**
 * Checks a request, as `build` does before it has any effect.
 *
 * @throws HostError INVALID_ARGUMENT with the path of the field. The error contains no secret.
 */
export function validateBuildRequest(request: BuildRequest): void {
  const { buildArgs, labels, target, noCache, pull, platforms = [], secrets = {}, output } = request
  const context = checkContext(request.context)
  const given = { context, buildArgs, labels, target, noCache, pull }
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  // Dockerfile and tag are placeholders: those of the request are checked below.
  validateBuild('FROM scratch', 'placeholder', set)
  for (const [index, platform] of platforms.entries()) checkPlatform(`platforms[${index}]`, platform)
  checkIds('secrets', secrets)
  checkSsh(request)
  checkNamedContexts(request)
  checkDockerfile(request)
  checkSteps(request)
  for (const [index, name] of (request.entitlements ?? []).entries())
    check(/^[a-z]+(\.[a-z]+)*$/.test(name), `entitlements[${index}]`, 'a name such as "network.host"', name)
  for (const field of ['cacheFrom', 'cacheTo'] as const) {
    for (const [index, cache] of (request[field] ?? []).entries()) checkCache(cache, `${field}[${index}]`)
  }
  checkOutput(output)
  const isSingle = output.type === 'archive' && output.format === 'docker'
  check(!isSingle || platforms.length < 2, 'platforms', 'at most one for an archive of the format docker', platforms)
}

/** Errors show the type and the digest only: other values can be secrets, such as the token of a storage service. */
function checkCache(cache: unknown, field: string): void {
  const isObject = typeof cache === 'object' && cache !== null
  if (!isObject) throw createCacheError(field, 'an object with a `type`, such as { type: "registry", ref: "…" }')
  for (const [attribute, value] of Object.entries(cache))
    if (typeof value !== 'string') throw createCacheError(`${field}.${attribute}`, 'a text')
  const { type = '', digest, ...others }: Readonly<Record<string, string | undefined>> = { ...cache }
  check(/^\w+$/.test(type), `${field}.type`, 'a type such as "registry" or "local"', type)
  const reference = 'a reference, such as registry.example/app:cache'
  check(type !== 'registry' || Boolean(others.ref), `${field}.ref`, reference, others.ref)
  if (type !== 'local') return
  const place = field.startsWith('cacheFrom') ? 'src' : 'dest'
  check(Boolean(others[place]), `${field}.${place}`, 'the path of a directory', others[place])
  check(digest === undefined || isDigest(digest), `${field}.digest`, '"sha256:" and 64 digits', digest)
}

function createCacheError(field: string, expected: string) {
  return createHostError('INVALID_ARGUMENT', { field, expected, given: 'another value' })
}

/** Returns the context for the validator of core, which knows no URLs. */
function checkContext(context: BuildRequest['context']): BuildContext | undefined {
  if (typeof context !== 'object' || context === null || !('url' in context)) return context
  check(isUrl(context.url), 'context.url', 'the URL of a git repository or of an archive', hidePassword(context.url))
  return undefined
}

function checkNamedContexts({ namedContexts = {} }: BuildRequest): void {
  for (const [name, context] of Object.entries(namedContexts)) {
    const field = `namedContexts.${name}`
    check(/^[\w.:/@-]+$/.test(name), 'namedContexts', 'keys as in "FROM name"', name)
    if (typeof context !== 'string') validateContextOf(field, context)
    else check(isUrl(context) || isImageUrl(context), field, '"docker-image://IMAGE" or a URL', hidePassword(context))
  }
}

function validateContextOf(field: string, context: BuildContext): void {
  const isContext = typeof context === 'object' && context !== null && ('directory' in context || 'files' in context)
  check(isContext, field, '{ directory }, { files } or a text', context)
  validateBuild('FROM scratch', 'placeholder', { context })
}

/** Hides the password of a value that should be a URL, also a password with a space, which makes the URL invalid. */
function hidePassword(value: unknown): unknown {
  return typeof value === 'string' ? redactUrlPassword(value) : value
}

function isUrl(text: unknown): boolean {
  return typeof text === 'string' && /^(https?:\/\/|git:\/\/|ssh:\/\/|git@)[^\s]+$/.test(text)
}

function isImageUrl(text: string): boolean {
  return /^docker-image:\/\/[^\s]+$/.test(text)
}

function checkSsh({ ssh = {} }: BuildRequest): void {
  checkIds('ssh', ssh)
  for (const [id, path] of Object.entries(ssh))
    check(typeof path === 'string' && path !== '', `ssh.${id}`, 'the path of the socket of an agent', path)
}

function checkIds(field: string, values: Readonly<Record<string, unknown>>): void {
  for (const id of Object.keys(values))
    check(/^[\w.-]+$/.test(id), field, 'keys of letters, digits, "_", "." and "-"', id)
}

function checkOutput(output: BuildOutput): void {
  check(typeof output === 'object' && output !== null, 'output', 'an object with a `type`', output)
  const expected = 'load, push, archive, directory or cache-only'
  check(
    ['load', 'push', 'archive', 'directory', 'cache-only'].includes(output.type),
    'output.type',
    expected,
    output.type,
  )
  if (output.type === 'cache-only') return
  if (output.type === 'directory') {
    check(typeof output.to === 'string' && output.to !== '', 'output.to', 'the path of a directory', output.to)
    return
  }
  const { tags = [] } = output
  if (output.type === 'push') {
    const { insecure } = output
    check(tags.length > 0, 'output.tags', 'at least one reference', 'none')
    check(insecure === undefined || typeof insecure === 'boolean', 'output.insecure', 'a boolean', insecure)
  }
  for (const [index, tag] of tags.entries()) validateImageTag(tag, `output.tags[${index}]`)
}

function checkSteps({ network, extraHosts = {}, noCacheStages = [] }: BuildRequest): void {
  check(network === undefined || network === 'host' || network === 'none', 'network', '"host" or "none"', network)
  for (const [name, address] of Object.entries(extraHosts)) {
    const field = `extraHosts[${JSON.stringify(name)}]`
    checkHostName(field, name)
    if (address !== 'host-gateway') checkAddress(field, address)
  }
  for (const [index, stage] of noCacheStages.entries())
    check(/^[a-z\d][\w.-]*$/i.test(stage), `noCacheStages[${index}]`, 'the name of a stage', stage)
}

function checkDockerfile({ dockerfile, dockerfileText: text, dockerignoreText }: BuildRequest): void {
  const isIgnoreText = dockerignoreText === undefined || (typeof dockerignoreText === 'string' && text !== undefined)
  check(isIgnoreText, 'dockerignoreText', 'a text, together with dockerfileText', dockerignoreText)
  const path = dockerfile ?? 'Dockerfile'
  const isInside = !path.startsWith('/') && !path.split('/').includes('..') && !/[\0\n]/.test(path) && path !== ''
  check(isInside, 'dockerfile', 'a relative path without ".." in the context', path)
  if (text === undefined) return
  check(typeof text === 'string' && text.trim() !== '', 'dockerfileText', 'the text of a Dockerfile', text)
}

function check(isValid: boolean, field: string, expected: string, given: unknown): void {
  if (!isValid)
    throw createHostError('INVALID_ARGUMENT', { field, expected, given: JSON.stringify(given) ?? 'nothing' })
}
