import type { Capability } from '../contract/capability.js'
import { type Environment, hostEnvironmentCapability } from '../contract/environment.js'
import type { StringMap } from '../contract/operation.js'
import { runtimeReportCapability } from '../contract/runtime-report.js'
import { createHostError } from '../errors/create-host-error.js'
import { isHostError } from '../errors/host-error.js'
import { toErrorText } from '../errors/message.js'
import { createScopeContainer, type DependencyContainer } from '../injection/di.js'
import { findRuntimeProblem } from './find-runtime-problem.js'
import type { AvailablePlugin } from './probe-plugin.js'

/**
 * Calls `register` of a plugin with the scope of a new dependency-injection container, and checks that it provides what its
 * probe listed.
 *
 * @throws HostError PLUGIN_INVALID or CAPABILITY_DUPLICATE. The caller must close the objects in `provided`.
 */
export function registerPlugin(
  { entry, report, found: { plugin, result } }: AvailablePlugin,
  { ownerLabels, env, warn, provided }: RegisterOptions,
): DependencyContainer {
  const container = createScopeContainer()
  container.register(runtimeReportCapability.token, { useValue: report })
  container.register(hostEnvironmentCapability.token, { useValue: env })
  const { plugin: runtimeName, ...names } = entry.names
  const invalid = (problem: string, cause?: unknown) =>
    createHostError('PLUGIN_INVALID', { ...entry.names, problem }, { cause })
  let hasReturned = false
  const provide = <T extends object>({ id, token }: Capability<T>, implementation: NoInfer<T>) => {
    if (hasReturned) throw invalid(`provides capability "${id}" after register has returned`)
    // A plugin in plain JavaScript can pass any value.
    if (typeof implementation !== 'object' || implementation === null) {
      throw invalid(`provides ${String(implementation)} as capability "${id}"`)
    }
    if (container.isRegistered(token)) {
      throw createHostError('CAPABILITY_DUPLICATE', { capability: id, runtime: runtimeName, ...names })
    }
    provided.set(token, implementation)
    container.register(token, { useValue: implementation })
  }
  let returned: unknown
  try {
    const scope = { runtimeName, provide, ownerLabels, env, warn, ...names }
    returned = plugin.register(scope, result.details)
  } catch (cause) {
    if (isHostError(cause, 'PLUGIN_INVALID') || isHostError(cause, 'CAPABILITY_DUPLICATE')) throw cause
    throw invalid(`throws in register: ${toErrorText(cause)}`, cause)
  } finally {
    hasReturned = true
  }
  if (isThenable(returned)) {
    returned.then(undefined, () => {}) // its rejection must not end the process
    throw invalid('registers asynchronously')
  }
  const problem = findProvidesProblem(result.provides, provided)
  if (problem !== undefined) throw invalid(problem)
  return container
}

/** Options of `registerPlugin`. */
export interface RegisterOptions {
  readonly ownerLabels: StringMap
  readonly env: Environment
  readonly warn: (message: string) => void
  /** Filled with the provided objects by token, in order, also when `register` fails. */
  readonly provided: Map<symbol, object>
}

function findProvidesProblem(
  listed: readonly Capability<object>[],
  provided: ReadonlyMap<symbol, object>,
): string | undefined {
  const missing = listed.find(({ token }) => !provided.has(token))
  if (missing !== undefined) return `does not provide capability "${missing.id}", which its probe listed`
  const tokens = new Set(listed.map(({ token }) => token))
  const extra = [...provided.keys()].find((token) => !tokens.has(token))
  if (extra !== undefined) return `provides capability "${toCapabilityId(extra)}", which its probe did not list`
  return findRuntimeProblem(provided)
}

function toCapabilityId({ description = '' }: symbol): string {
  return description.replace(/^capstan\/|@1$/g, '')
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
