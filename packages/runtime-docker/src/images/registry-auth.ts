import type { RegistryCredentials } from '@capstan/core'
import { dockerHub } from '@capstan/core/plugin'

/** The credentials for a registry. They are never part of an error, a log or an event. */
export type RegistryAuth = RegistryCredentials | { readonly identityToken: string } | { readonly registryToken: string }

/**
 * Returns the header `X-Registry-Auth` of a pull or a push.
 * https://docs.docker.com/reference/api/engine/version/v1.41/#section/Authentication
 */
export function toAuthHeader(auth: RegistryAuth | undefined, registry: string): string {
  return encode(auth === undefined ? {} : toWire(auth, registry))
}

/** Returns the header `X-Registry-Config` of a build, which may pull from several registries. */
export function toConfigHeader(auths: ReadonlyMap<string, RegistryAuth>): string {
  const entries = [...auths].map(([registry, auth]) => [toServerAddress(registry), toWire(auth, registry)])
  return encode(Object.fromEntries(entries))
}

/** Returns the name of a registry for the engine, the CLI and credential helpers. Docker Hub has the URL of its first API. */
export function toServerAddress(registry: string): string {
  return registry === dockerHub ? dockerHubServer : registry
}

function toWire(auth: RegistryAuth, registry: string): object {
  const serveraddress = toServerAddress(registry)
  if ('registryToken' in auth) return { registrytoken: auth.registryToken, serveraddress }
  if ('identityToken' in auth) return { identitytoken: auth.identityToken, serveraddress }
  return { username: auth.username, password: auth.password, serveraddress }
}

/** Encodes base64url with padding. The engine silently ignores a value without padding. */
function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64').replaceAll('+', '-').replaceAll('/', '_')
}

const dockerHubServer = 'https://index.docker.io/v1/'
