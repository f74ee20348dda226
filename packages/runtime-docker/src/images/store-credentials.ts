import type { OperationOptions, RegistryCredentials } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { readDockerConfig, updateDockerConfig } from '../configuration/docker-config.js'
import { type JsonObject, toObject } from '../engine/json-values.js'
import { changeCredentialHelper, type HelperChange } from './credential-helper.js'
import { type CredentialSources, defaultHelperMs, findHelper, isHost } from './find-credentials.js'
import { toServerAddress } from './registry-auth.js'

/** The credentials to store: a password, or the identity token that a registry issued for it. */
export type StoredCredentials = RegistryCredentials & { readonly identityToken?: string | undefined }

/**
 * Stores the credentials of a registry where docker's client does: in the credential helper that `credHelpers` or `credsStore` of
 * config.json names, else in `auths` of that file, base64 without encryption. Resolves with the helper or the file.
 *
 * @throws HostError OPERATION_FAILED when the helper fails, or the file cannot be read or written or is not JSON. The file is then
 * not changed.
 */
export async function storeCredentials(
  registry: string,
  { username, password, identityToken }: StoredCredentials,
  sources: CredentialSources,
  options: OperationOptions = {},
): Promise<{ readonly helper: string } | { readonly file: string }> {
  const change: CredentialChange = { operation: 'storing', registry, sources, options }
  const helper = await findConfiguredHelper(change)
  const server = toServerAddress(registry)
  if (helper !== undefined) {
    const secret =
      identityToken === undefined ? { username, password } : { username: '<token>', password: identityToken }
    await changeHelper(helper, { server, credentials: secret }, change)
  }
  const encoded = Buffer.from(`${username}:${identityToken === undefined ? password : ''}`).toString('base64')
  const token = identityToken === undefined ? {} : { identitytoken: identityToken }
  // docker's client records the server also when a helper has its credentials.
  const entry = helper === undefined ? { auth: encoded, ...token } : {}
  const file = await updateConfig(change, (config) => ({
    ...config,
    auths: { ...toObject(config.auths), [server]: entry },
  }))
  return helper === undefined ? { file } : { helper }
}

/**
 * Erases the credentials of a registry in its credential helper and in `auths` of config.json. Resolves with whether the
 * file had an entry.
 *
 * @throws HostError OPERATION_FAILED as {@link storeCredentials}
 */
export async function eraseCredentials(
  registry: string,
  sources: CredentialSources,
  options: OperationOptions = {},
): Promise<boolean> {
  const change: CredentialChange = { operation: 'erasing', registry, sources, options }
  const { config } = await readDockerConfig(sources.env)
  const keys = Object.keys(toObject(config.auths)).filter((key) => isHost(key, registry))
  const helper = await findConfiguredHelper(change)
  if (helper !== undefined) {
    const servers = new Set([toServerAddress(registry), ...keys])
    for (const server of servers) await changeHelper(helper, { server }, change)
  }
  if (keys.length === 0) return false
  await updateConfig(change, (current) => {
    const entries = Object.entries(toObject(current.auths)).filter(([key]) => !isHost(key, registry))
    return { ...current, auths: Object.fromEntries(entries) }
  })
  return true
}

/** A change of the credentials of a registry. */
interface CredentialChange {
  readonly operation: 'storing' | 'erasing'
  readonly registry: string
  readonly sources: CredentialSources
  readonly options: OperationOptions
}

async function findConfiguredHelper(change: CredentialChange): Promise<string | undefined> {
  const { config, problem } = await readDockerConfig(change.sources.env)
  if (problem !== undefined) throw toFailure(change, problem)
  return findHelper(config, change.registry)
}

async function changeHelper(helper: string, helperChange: HelperChange, change: CredentialChange): Promise<void> {
  const { env, helperTimeoutMs: timeoutMs = defaultHelperMs } = change.sources
  const { signal } = change.options
  const problem = await changeCredentialHelper(helper, helperChange, { env, timeoutMs, signal })
  if (problem !== undefined) throw toFailure(change, problem)
}

async function updateConfig(change: CredentialChange, update: (config: JsonObject) => JsonObject): Promise<string> {
  try {
    return await updateDockerConfig(change.sources.env, update, { mode: 0o600 })
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    throw toFailure(change, `config.json could not be changed (${code})`)
  }
}

function toFailure({ operation, registry }: CredentialChange, reason: string): Error {
  const subject = `the credentials of ${registry}`
  return createHostError('OPERATION_FAILED', { operation, subject, status: undefined, reason })
}
