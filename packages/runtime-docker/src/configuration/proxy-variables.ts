import type { ContainerConfig } from '@capstan/core'
import type { Environment, StringMap } from '@capstan/core/plugin'
import type { DockerEngine } from '../engine/docker-engine.js'
import { toObject, toText } from '../engine/streams/json-lines.js'
import { readDockerConfig } from './docker-config.js'

/**
 * The proxy variables that docker's client gives to builds and containers: of `proxies` in `config.json`, by the address
 * of the engine, else by `default`; each in upper and in lower case.
 *
 * They may hold passwords: print none. https://docs.docker.com/engine/cli/proxy/
 *
 * @param endpoint the engine's address as DOCKER_HOST has it
 * @param onProblem is called with the reason when a configuration that exists cannot be read; default: it is ignored
 */
export async function readProxyVariables(
  env: Environment,
  endpoint: string,
  onProblem: (problem: string) => void = () => {},
): Promise<StringMap> {
  const { config, problem } = await readDockerConfig(env)
  if (problem !== undefined) onProblem(problem)
  const proxies = toObject(config.proxies)
  const chosen = toObject(Object.hasOwn(proxies, endpoint) ? proxies[endpoint] : proxies.default)
  const pairs = variables.flatMap(([field, name]) => {
    const value = toText(chosen[field])
    return value ? [name, name.toLowerCase()].map((variable) => [variable, value] as const) : []
  })
  return Object.fromEntries(pairs)
}

/** The config with the proxy variables of docker's configuration, as `docker run` sets them; its own variables win. */
export async function withProxyVariables(
  { env, details, warn }: DockerEngine,
  config: ContainerConfig,
): Promise<ContainerConfig> {
  const proxies = await readProxyVariables(env, details.endpoint.url, warn)
  return Object.keys(proxies).length === 0 ? config : { ...config, env: { ...proxies, ...config.env } }
}

const variables = [
  ['httpProxy', 'HTTP_PROXY'],
  ['httpsProxy', 'HTTPS_PROXY'],
  ['ftpProxy', 'FTP_PROXY'],
  ['noProxy', 'NO_PROXY'],
  ['allProxy', 'ALL_PROXY'],
] as const
