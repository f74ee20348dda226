import type { RuntimePlugin } from '@capstan/core'
import { dockerPlugin } from './docker-plugin.js'

export type { EngineHabits } from './compatible/engine-habits.js'
export { readProxyVariables } from './configuration/proxy-variables.js'
export type { ApiVersions, DockerDetails, EngineFacts, EngineLocation } from './docker-details.js'
export type { DockerPluginOptions, DockerTlsOptions } from './docker-plugin.js'
export type { DockerTimeouts } from './docker-timeouts.js'
export type {
  DirectConnection,
  DockerEndpoint,
  EndpointConnection,
  EndpointTls,
  EngineService,
  ServedConnection,
} from './endpoint/docker-endpoint.js'
export { dockerPlugin }

/** Docker with its defaults, as `loadPlugins` finds it. */
export const plugin: RuntimePlugin = dockerPlugin()
