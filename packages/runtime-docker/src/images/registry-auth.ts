import type { RegistryCredentials } from '@capstan/core'
import { dockerHub } from '@capstan/core/plugin'

/** What proves to a registry who asks; never in an error, log or event. */
export type RegistryAuth = RegistryCredentials | { readonly identityToken: string } | { readonly registryToken: string }

/** The value of `X-Registry-Auth`, for one pull. https://docs.docker.com/reference/api/engine/version/v1.41/#section/Authentication */
export function toAuthHeader(auth: RegistryAuth, registry: string): string {
  return encode(toWire(auth, registry))
}

/** The value of `X-Registry-Config`, for a build, which may pull from several registries. */
export function toConfigHeader(auths: ReadonlyMap<string, RegistryAuth>): string {
  const entries = [...auths].map(([registry, auth]) => [toServerAddress(registry), toWire(auth, registry)])
  return encode(Object.fromEntries(entries))
}

/** How the engine, its CLI and credential helpers name a registry: Docker Hub by the address of its first API. */
export function toServerAddress(registry: string): string {
  return registry === dockerHub ? dockerHubServer : registry
}

function toWire(auth: RegistryAuth, registry: string): object {
  const serveraddress = toServerAddress(registry)
  if ('registryToken' in auth) return { registrytoken: auth.registryToken, serveraddress }
  if ('identityToken' in auth) return { identitytoken: auth.identityToken, serveraddress }
  return { username: auth.username, password: auth.password, serveraddress }
}

/** With padding: the engine ignores, without a word, what ends without it. */
function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64').replaceAll('+', '-').replaceAll('/', '_')
}

const dockerHubServer = 'https://index.docker.io/v1/'
