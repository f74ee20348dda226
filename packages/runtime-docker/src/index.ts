import type { RuntimePlugin } from '@capstan/core'
import { dockerPlugin } from './docker-plugin.js'

export { readProxyVariables } from './configuration/proxy-variables.js'
export type { DockerPluginOptions, DockerTlsOptions } from './docker-plugin.js'
export type { DockerTimeouts } from './engine/docker-timeouts.js'
export { dockerPlugin }

/** The plugin with default options, for `loadPlugins`. */
export const plugin: RuntimePlugin = dockerPlugin()
