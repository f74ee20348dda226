import type { OperationOptions } from '@capstan/core'
import { dockerHub, type Environment } from '@capstan/core/plugin'
import { parseDockerConfig, readDockerConfig } from '../configuration/docker-config.js'
import { asString, type JsonObject, toObject } from '../engine/json-values.js'
import { askCredentialHelper, type HelperAnswer } from './credential-helper.js'
import { type RegistryAuth, toServerAddress } from './registry-auth.js'

/** Where to find credentials. */
export interface CredentialSources {
  /** The environment, with DOCKER_AUTH_CONFIG and DOCKER_CONFIG, and with PATH and HOME for helpers. */
  readonly env: Environment
  /** The limit for one helper, in milliseconds. Default 10 000. */
  readonly helperTimeoutMs?: number
}

/** The credentials, or the `problem` why expected ones were not found, for the error of a failed pull. */
export interface FoundCredentials {
  readonly auth: RegistryAuth | undefined
  readonly problem: string | undefined
}

/**
 * Finds the credentials that the docker CLI would use for a registry: in DOCKER_AUTH_CONFIG, or else in config.json by
 * `credHelpers`, `credsStore` and `auths`, in this order. Rejects only for an abort. An invalid file or a failed helper
 * is a `problem`, since a public image needs no credentials.
 */
export async function findCredentials(
  registry: string,
  sources: CredentialSources,
  options: OperationOptions = {},
): Promise<FoundCredentials> {
  options.signal?.throwIfAborted()
  const given = parseDockerConfig(sources.env.DOCKER_AUTH_CONFIG, 'DOCKER_AUTH_CONFIG')
  const inEnvironment = findInline(given.config, registry)
  if ('auth' in inEnvironment && inEnvironment.auth) return { auth: inEnvironment.auth, problem: undefined }
  const file = await readDockerConfig(sources.env)
  const found = await findInConfig(file.config, registry, { ...sources, signal: options.signal })
  if ('problem' in found) return { auth: undefined, problem: found.problem }
  if (found.auth !== undefined) return { auth: found.auth, problem: undefined }
  const problem = file.problem ?? given.problem ?? ('problem' in inEnvironment ? inEnvironment.problem : undefined)
  return { auth: undefined, problem }
}

async function findInConfig(
  config: JsonObject,
  registry: string,
  options: CredentialSources & OperationOptions,
): Promise<HelperAnswer> {
  const helper = findHelper(config, registry)
  const inline = findInline(config, registry)
  if (helper === undefined) return inline
  const answer = await askCredentialHelper(helper, toServerAddress(registry), {
    env: options.env,
    timeoutMs: options.helperTimeoutMs ?? defaultHelperMs,
    signal: options.signal,
  })
  const isFound = 'auth' in answer && answer.auth !== undefined
  return !isFound && 'auth' in inline && inline.auth !== undefined ? inline : answer
}

/** Returns the name of the credential helper of a registry: that of `credHelpers`, else `credsStore`. */
export function findHelper(config: JsonObject, registry: string): string | undefined {
  const helper = findByHost(toObject(config.credHelpers), registry) ?? config.credsStore
  return typeof helper === 'string' && helper !== '' ? helper : undefined
}

/** Reads `auths`. Prefers a registry token to an identity token, as the engine does. */
function findInline(config: JsonObject, registry: string): HelperAnswer {
  const entry = toObject(findByHost(toObject(config.auths), registry))
  const registryToken = asString(entry.registrytoken)
  if (registryToken) return { auth: { registryToken } }
  const identityToken = asString(entry.identitytoken)
  if (identityToken) return { auth: { identityToken } }
  const encoded = asString(entry.auth)
  if (encoded) return decodeAuth(encoded, registry)
  const [username, password = ''] = [asString(entry.username), asString(entry.password)]
  return { auth: username ? { username, password } : undefined }
}

/** Decodes the base64 of `user:password`, split at the first colon. Older clients padded it with NUL. */
function decodeAuth(encoded: string, registry: string): HelperAnswer {
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 1) return { problem: `the stored credentials of ${registry} are not the base64 of a user and a password` }
  return { auth: { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/^\0+|\0+$/g, '') } }
}

/** Finds the entry of a registry. Keys may be hosts or URLs; an exact match takes precedence. */
function findByHost(entries: JsonObject, registry: string): unknown {
  const exact = [registry, toServerAddress(registry)].find((key) => Object.hasOwn(entries, key))
  const key = exact ?? Object.keys(entries).find((candidate) => isHost(candidate, registry))
  return key === undefined ? undefined : entries[key]
}

/** Whether a key of `auths` names the registry: a host or a URL. */
export function isHost(key: string, registry: string): boolean {
  const host = key.replace(/^https?:\/\//, '').replace(/\/.*$/, '')
  return host === registry || (registry === dockerHub && /^(index\.|registry-1\.)?docker\.io$/.test(host))
}

/** The limit for one helper. */
export const defaultHelperMs = 10_000
