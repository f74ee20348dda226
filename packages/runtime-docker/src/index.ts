import type { RuntimePlugin } from '@capstan/core'
import { dockerPlugin } from './docker-plugin.js'

export { readProxyVariables } from './configuration/proxy-variables.js'
export type { DockerPluginOptions, DockerTlsOptions } from './docker-plugin.js'
export {
  type ContextList,
  type ContextSource,
  type DockerContext,
  type ListContextsOptions,
  listContexts,
  requireContext,
  setCurrentContext,
} from './endpoint/docker-contexts.js'
export type { DockerTimeouts } from './engine/docker-timeouts.js'
export { checkLogin, type LoginOutcome } from './images/check-login.js'
export { type CredentialSources, type FoundCredentials, findCredentials } from './images/find-credentials.js'
export type { RegistryAuth } from './images/registry-auth.js'
export { eraseCredentials, type StoredCredentials, storeCredentials } from './images/store-credentials.js'
export { dockerPlugin }

/** The plugin with default options, for `loadPlugins`. */
export const plugin: RuntimePlugin = dockerPlugin()
