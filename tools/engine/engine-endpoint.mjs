import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * The endpoint of an engine. `problem` says why it cannot be used (malformed, unreadable, ssh); `chosen` is true when the
 * user named the endpoint, so that no other may replace it.
 *
 * @typedef {object} EngineEndpoint
 * @property {string} host such as `unix:///var/run/docker.sock`
 * @property {string} source `DOCKER_HOST`, `DOCKER_CONTEXT`, `context "x"` or `default`
 * @property {boolean} chosen
 * @property {EngineConnection} [connection] absent where there is a `problem`
 * @property {string} [problem]
 *
 * The options of `node:http` and `node:https` for the connection.
 * @typedef {{ readonly protocol: 'http:' | 'https:', readonly socketPath?: string, readonly host?: string,
 *   readonly port?: number, readonly ca?: Buffer, readonly cert?: Buffer, readonly key?: Buffer,
 *   readonly rejectUnauthorized?: boolean }} EngineConnection
 */

/** The default endpoint of an engine on this machine. */
export const defaultHost = 'unix:///var/run/docker.sock'

/**
 * Returns the endpoint that the docker command line would use: DOCKER_HOST, DOCKER_CONTEXT, the current context, the default
 * socket. Opens no connection and never throws.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {EngineEndpoint}
 */
export function findEndpoint(env) {
  if (env.DOCKER_HOST) return toEndpoint(env.DOCKER_HOST, { source: 'DOCKER_HOST', chosen: true, tls: readTls(env) })
  if (env.DOCKER_CONTEXT) return toContextEndpoint(env, env.DOCKER_CONTEXT, { source: 'DOCKER_CONTEXT', chosen: true })
  const current = readCurrentContext(env)
  if (current) return toContextEndpoint(env, current, { source: `context "${current}"`, chosen: false })
  return toEndpoint(defaultHost, { source: 'default', chosen: false })
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string} name
 * @param {{ source: string, chosen: boolean }} origin
 * @returns {EngineEndpoint}
 */
function toContextEndpoint(env, name, origin) {
  if (name === 'default') return toEndpoint(defaultHost, origin)
  const hash = createHash('sha256').update(name).digest('hex')
  const file = join(toConfigDirectory(env), 'contexts', 'meta', hash, 'meta.json')
  try {
    const endpoint = JSON.parse(readFileSync(file, 'utf8')).Endpoints.docker
    const tls = readCertificates(
      join(toConfigDirectory(env), 'contexts', 'tls', hash, 'docker'),
      !endpoint.SkipTLSVerify,
    )
    return toEndpoint(endpoint.Host, { ...origin, tls })
  } catch (error) {
    return { host: `context "${name}"`, ...origin, problem: `the context "${name}" cannot be read: ${toText(error)}` }
  }
}

/**
 * @param {string} given
 * @param {{ source: string, chosen: boolean, tls?: Partial<EngineConnection> | undefined }} origin
 * @returns {EngineEndpoint}
 */
function toEndpoint(given, { source, chosen, tls }) {
  // The endpoint is printed, so a password in it is replaced.
  const host = given.replace(/^([a-z]+:\/\/[^/:@]*):.*@/i, '$1:***@')
  const unix = /^unix:\/\/(\/.+)$/.exec(host)?.[1]
  if (unix) return { host, source, chosen, connection: { protocol: 'http:', socketPath: unix } }
  const pipe = /^npipe:\/\/(.+)$/.exec(host)?.[1]
  if (pipe) return { host, source, chosen, connection: { protocol: 'http:', socketPath: pipe.replaceAll('/', '\\') } }
  const url = /^(tcp|https?):\/\//.test(host) ? toUrl(host.replace(/^tcp:/, 'http:')) : undefined
  if (!url) return { host, source, chosen, problem: `"${host}" is no endpoint that can be asked from here` }
  const secure = tls !== undefined || host.startsWith('https:')
  const address = { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || (secure ? 2376 : 2375)) }
  return { host, source, chosen, connection: { protocol: secure ? 'https:' : 'http:', ...address, ...tls } }
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {Partial<EngineConnection> | undefined}
 */
function readTls(env) {
  if (!env.DOCKER_TLS_VERIFY && !env.DOCKER_TLS) return undefined
  return readCertificates(env.DOCKER_CERT_PATH || toConfigDirectory(env), Boolean(env.DOCKER_TLS_VERIFY)) ?? {}
}

/**
 * @param {string} directory
 * @param {boolean} rejectUnauthorized
 * @returns {Partial<EngineConnection> | undefined} nothing where there are no certificates
 */
function readCertificates(directory, rejectUnauthorized) {
  const files = ['ca', 'cert', 'key'].map((name) => [name, readIfThere(join(directory, `${name}.pem`))])
  const found = Object.fromEntries(files.filter(([, content]) => content !== undefined))
  return Object.keys(found).length > 0 ? { ...found, rejectUnauthorized } : undefined
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | undefined}
 */
function readCurrentContext(env) {
  const config = readIfThere(join(toConfigDirectory(env), 'config.json'))
  try {
    return config && JSON.parse(config.toString()).currentContext
  } catch {
    return undefined
  }
}

/** @param {string} text */
function toUrl(text) {
  return URL.canParse(text) ? new URL(text) : undefined
}

/** @param {NodeJS.ProcessEnv} env */
function toConfigDirectory(env) {
  return env.DOCKER_CONFIG || join(homedir(), '.docker')
}

/** @param {string} file */
function readIfThere(file) {
  try {
    return readFileSync(file)
  } catch {
    return undefined
  }
}

/** @param {unknown} error */
function toText(error) {
  return error instanceof Error ? error.message : String(error)
}
