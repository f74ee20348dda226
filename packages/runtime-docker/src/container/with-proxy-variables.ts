import type { ContainerConfig } from '@capstan/core'
import { readProxyVariables } from '../configuration/proxy-variables.js'
import type { DockerEngine } from '../docker-engine.js'

/** The config with the proxy variables of docker's configuration, as `docker run` sets them; its own variables win. */
export async function withProxyVariables(engine: DockerEngine, config: ContainerConfig): Promise<ContainerConfig> {
  const proxies = await readProxyVariables(engine.env, engine.details.endpoint.url, engine.warn)
  return Object.keys(proxies).length === 0 ? config : { ...config, env: { ...proxies, ...config.env } }
}
