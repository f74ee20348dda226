import type { ContainerConfig } from '@capstan/core'
import type { Environment, StringMap } from '@capstan/core/plugin'
import type { DockerEngine } from '../engine/docker-engine.js'
import { asString, toObject } from '../engine/json-values.js'
import { readDockerConfig } from './docker-config.js'

/**
 * Reads the proxy variables that docker's client sets in builds and containers, from `proxies` in `config.json` by the
 * address of the engine, or else from `default`. Each has its name in upper and in lower case.
 *
 * They may contain passwords, so do not print them. https://docs.docker.com/engine/cli/proxy/
 *
 * @param endpoint the engine's address in the format of DOCKER_HOST
 * @param onProblem called with the reason when an existing configuration cannot be read; default: it is ignored
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
    const value = asString(chosen[field])
    return value ? [name, name.toLowerCase()].map((variable) => [variable, value] as const) : []
  })
  return Object.fromEntries(pairs)
}

/** Adds the proxy variables of docker's configuration, as `docker run` does. Variables of the config take precedence. */
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
