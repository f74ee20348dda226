import type { Environment, StringMap } from '@capstan/core'
import { toObject, toText } from '../stream/json-lines.js'
import { readDockerConfig } from './docker-config.js'

/**
 * The proxy variables that docker's client gives to builds and containers: of `proxies` in `config.json`, by the address
 * of the engine, else by `default`; each in upper and in lower case.
 *
 * They may hold passwords: print none. https://docs.docker.com/engine/cli/proxy/
 *
 * @param endpoint the engine's address as DOCKER_HOST has it
 * @param onProblem hears why a configuration that is there could not be read
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

const variables = [
  ['httpProxy', 'HTTP_PROXY'],
  ['httpsProxy', 'HTTPS_PROXY'],
  ['ftpProxy', 'FTP_PROXY'],
  ['noProxy', 'NO_PROXY'],
  ['allProxy', 'ALL_PROXY'],
] as const
