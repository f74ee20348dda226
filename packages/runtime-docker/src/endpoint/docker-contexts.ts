import { createHostError, type Environment, joinWords } from '@capstan/core/plugin'
import { toConfigDirectory, updateDockerConfig } from '../configuration/docker-config.js'
import { readLocalMachine } from '../engine/local-machine.js'
import { readContexts, readCurrentContext, type StoredContext } from './context-store.js'
import { parseEndpoint } from './parse-endpoint.js'
import { toDefaultEndpoint } from './well-known-endpoints.js'

/** A context of docker's client. */
export interface DockerContext extends StoredContext {
  readonly isCurrent: boolean
}

/** What selects the current context: the name given by the caller, a variable, `config.json`, or nothing. */
export type ContextSource = 'given' | 'DOCKER_HOST' | 'DOCKER_CONTEXT' | 'config.json' | 'default'

/** The contexts of docker's client, and which of them is current. */
export interface ContextList {
  /**
   * The context `default`, and then the others in the order of their names. Has the current context also if it does not exist,
   * with a `problem`.
   */
  readonly contexts: readonly DockerContext[]
  readonly currentBy: ContextSource
  /** Why it is unknown which context is current: `config.json` cannot be read. No context is current then. */
  readonly problem: string | undefined
}

/** Options of `listContexts`. */
export interface ListContextsOptions {
  /** The context to use instead of the one that the environment selects. Default: none. */
  readonly context?: string | undefined
}

/**
 * Lists the contexts of docker's client, whose store is in DOCKER_CONFIG or else in `.docker` of the home directory. The current
 * one is selected as by docker: by `context`, DOCKER_HOST, DOCKER_CONTEXT or `currentContext` of `config.json`, in this order.
 *
 * @throws HostError OPERATION_FAILED when the directory of the store cannot be read
 */
export async function listContexts(
  env: Environment,
  { context: given }: ListContextsOptions = {},
): Promise<ContextList> {
  const stored = await readStore(env)
  const { name, by: currentBy, problem } = await findCurrent(env, given)
  const known = [toDefaultContext(env), ...stored]
  const isKnown = name === undefined || known.some((context) => context.name === name)
  const missing = { description: '', endpoint: undefined, problem: 'there is no such context' }
  const contexts = isKnown ? known : [...known, { name, ...missing }]
  return {
    contexts: contexts.map((context) => ({ ...context, isCurrent: context.name === name })),
    currentBy,
    problem,
  }
}

/**
 * Checks that a context of docker's client exists. `default` always does.
 *
 * @throws HostError INVALID_ARGUMENT with the names of all contexts if it does not, and OPERATION_FAILED when the directory of
 * the store cannot be read
 */
export async function requireContext(name: string, env: Environment): Promise<void> {
  if (name === defaultName) return
  const names = [defaultName, ...(await readStore(env)).map((context) => context.name)]
  if (names.includes(name)) return
  const facts = { field: 'context', expected: joinWords(names, 'or'), given: JSON.stringify(name) }
  throw createHostError('INVALID_ARGUMENT', facts)
}

/**
 * Sets `currentContext` of docker's `config.json`, or removes it for `default`, and resolves with the path of the file. Other
 * entries keep their values, and the file keeps its mode.
 *
 * @throws HostError INVALID_ARGUMENT with the names of all contexts for an unknown one. OPERATION_FAILED when the file cannot be
 * read or written or is not JSON; it is then not changed.
 */
export async function setCurrentContext(name: string, env: Environment): Promise<string> {
  await requireContext(name, env)
  try {
    return await updateDockerConfig(env, (config) => {
      const { currentContext: before, ...others } = config
      if (name !== defaultName) return before === name ? config : { ...config, currentContext: name }
      return before === undefined ? config : others
    })
  } catch (cause) {
    throw toFailure('changing', `config.json could not be changed (${toCode(cause)})`, cause)
  }
}

async function readStore(env: Environment): Promise<readonly StoredContext[]> {
  const configDirectory = toConfigDirectory(env)
  try {
    const contexts = await readContexts({ configDirectory, env })
    // docker reserves the name.
    return contexts.filter(({ name }) => name !== defaultName)
  } catch (cause) {
    throw toFailure('reading', `the contexts in ${configDirectory} could not be read (${toCode(cause)})`, cause)
  }
}

async function findCurrent(env: Environment, given: string | undefined): Promise<Current> {
  if (given !== undefined) return { name: given, by: 'given' }
  if (env.DOCKER_HOST) return { name: defaultName, by: 'DOCKER_HOST' }
  if (env.DOCKER_CONTEXT) return { name: env.DOCKER_CONTEXT, by: 'DOCKER_CONTEXT' }
  const current = await readCurrentContext(toConfigDirectory(env))
  if ('name' in current) {
    return current.name === undefined ? { name: defaultName, by: 'default' } : { name: current.name, by: 'config.json' }
  }
  const problem = 'failed' in current.failed ? current.failed.failed.cause.message : undefined
  return { name: undefined, by: 'config.json', problem }
}

interface Current {
  readonly name: string | undefined
  readonly by: ContextSource
  readonly problem?: string | undefined
}

function toDefaultContext(env: Environment): StoredContext {
  const [url, source, description] = env.DOCKER_HOST
    ? [env.DOCKER_HOST, 'DOCKER_HOST', 'The engine of DOCKER_HOST']
    : [toDefaultEndpoint(readLocalMachine(env)).url, defaultName, 'The default socket']
  const parsed = parseEndpoint(url, { source, env })
  const common = { name: defaultName, description }
  if ('endpoint' in parsed) return { ...common, endpoint: parsed.endpoint.url, problem: undefined }
  return { ...common, endpoint: parsed.failed.candidate, problem: parsed.failed.cause.message }
}

function toCode(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
}

function toFailure(operation: string, reason: string, cause: unknown): Error {
  const facts = { operation, subject: "docker's contexts", status: undefined, reason }
  return createHostError('OPERATION_FAILED', facts, { cause })
}

const defaultName = 'default'
