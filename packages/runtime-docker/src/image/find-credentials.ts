import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Environment, findHomeDirectory, type OperationOptions } from '@capstan/core'
import { isAbsentFile } from '../absent-file.js'
import { type JsonObject, toObject, toText } from '../stream/json-lines.js'
import { askCredentialHelper, type HelperAnswer } from './credential-helper.js'
import { dockerHub } from './image-reference.js'
import { type RegistryAuth, toServerAddress } from './registry-auth.js'

/** Where credentials are looked for. */
export interface CredentialSources {
  /** DOCKER_AUTH_CONFIG, DOCKER_CONFIG, and PATH and HOME for helpers. */
  readonly env: Environment
  /** Of one helper; default 10 000. */
  readonly helperTimeoutMs?: number
}

/** `problem`: why none were found where some were to be expected; for the error of a pull that then fails. */
export interface FoundCredentials {
  readonly auth: RegistryAuth | undefined
  readonly problem: string | undefined
}

/**
 * The credentials that docker's own CLI would use for a registry: of DOCKER_AUTH_CONFIG, else config.json, there by
 * `credHelpers`, `credsStore`, `auths`, in this order. Rejects for an abort alone: a broken file or helper is a
 * `problem`, since a public image needs no credentials.
 */
export async function findCredentials(
  registry: string,
  sources: CredentialSources,
  options: OperationOptions = {},
): Promise<FoundCredentials> {
  options.signal?.throwIfAborted()
  const given = parseConfig(sources.env.DOCKER_AUTH_CONFIG, 'DOCKER_AUTH_CONFIG')
  const inEnvironment = findInline(given.config, registry)
  if (inEnvironment !== undefined) return { auth: inEnvironment, problem: undefined }
  const file = await readConfigFile(sources.env)
  const found = await findInConfig(file.config, registry, { ...sources, signal: options.signal })
  if ('problem' in found) return { auth: undefined, problem: found.problem }
  return { auth: found.auth, problem: found.auth === undefined ? (file.problem ?? given.problem) : undefined }
}

async function findInConfig(
  config: JsonObject,
  registry: string,
  options: CredentialSources & OperationOptions,
): Promise<HelperAnswer> {
  const helper = findByHost(toObject(config.credHelpers), registry) ?? config.credsStore
  const inline = { auth: findInline(config, registry) }
  if (typeof helper !== 'string' || helper === '') return inline
  const answer = await askCredentialHelper(helper, toServerAddress(registry), {
    env: options.env,
    timeoutMs: options.helperTimeoutMs ?? 10_000,
    signal: options.signal,
  })
  return inline.auth !== undefined && !('auth' in answer && answer.auth) ? inline : answer
}

function findInline(config: JsonObject, registry: string): RegistryAuth | undefined {
  const entry = toObject(findByHost(toObject(config.auths), registry))
  const token = toText(entry.identitytoken)
  if (token) return { identityToken: token }
  const [username, password] = entry.auth ? decodeAuth(entry.auth) : [toText(entry.username), toText(entry.password)]
  return username && password ? { username, password } : undefined
}

/** Base64 of `user:password`, cut at the first colon; older CLIs padded it with NUL. */
function decodeAuth(value: unknown): readonly [string | undefined, string | undefined] {
  const text = Buffer.from(toText(value) ?? '', 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon === -1 ? [undefined, undefined] : [text.slice(0, colon), text.slice(colon + 1).replace(/\0+$/, '')]
}

/** Keys may be hosts or addresses with scheme and path; the exact one comes first. */
function findByHost(entries: JsonObject, registry: string): unknown {
  const exact = [registry, toServerAddress(registry)].find((key) => Object.hasOwn(entries, key))
  const key = exact ?? Object.keys(entries).find((candidate) => toHost(candidate) === registry)
  return key === undefined ? undefined : entries[key]
}

function toHost(key: string): string {
  const host = key.replace(/^https?:\/\//, '').replace(/\/.*$/, '')
  return /^(index\.|registry-1\.)?docker\.io$/.test(host) ? dockerHub : host
}

interface Config {
  readonly config: JsonObject
  readonly problem: string | undefined
}

async function readConfigFile(env: Environment): Promise<Config> {
  const path = join(env.DOCKER_CONFIG || join(findHomeDirectory(env), '.docker'), 'config.json')
  try {
    return parseConfig(await readFile(path, 'utf8'), path)
  } catch (error) {
    if (isAbsentFile(error)) return { config: {}, problem: undefined }
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    return { config: {}, problem: `${path} could not be read (${String(code)})` }
  }
}

function parseConfig(text: string | undefined, source: string): Config {
  if (text === undefined || text.trim() === '') return { config: {}, problem: undefined }
  try {
    return { config: toObject(JSON.parse(text)), problem: undefined }
  } catch {
    return { config: {}, problem: `${source} is not JSON` } // the parser's own words may quote a secret
  }
}
