import type { Capability } from '../contract/capability.js'
import { type Environment, hostEnvironmentCapability } from '../contract/environment.js'
import type { StringMap } from '../contract/operation.js'
import { type RuntimeReport, runtimeReportCapability } from '../contract/runtime-report.js'
import { createHostError } from '../errors/create-host-error.js'
import { isHostError } from '../errors/host-error.js'
import { createScopeContainer, type DependencyContainer } from '../injection/di.js'
import { toPluginNames, toUnknownNames } from '../plugin/check-plugin.js'
import { findRuntimeProblem } from './check-runtime.js'
import type { FoundRuntime } from './probe-plugin.js'

/**
 * Calls `register` of a plugin with a new container, and checks that it provides what its probe listed.
 *
 * @throws HostError PLUGIN_INVALID or CAPABILITY_DUPLICATE. The caller must close the objects in `provided`.
 */
export function wireScope(
  { plugin, result }: FoundRuntime,
  report: RuntimeReport,
  { ownerLabels, env, warn, provided }: WireOptions,
): DependencyContainer {
  const container = createScopeContainer()
  container.register(runtimeReportCapability.token, { useValue: report })
  container.register(hostEnvironmentCapability.token, { useValue: env })
  const { plugin: runtimeName, packageName, packageVersion } = toPluginNames(plugin, toUnknownNames(plugin.name))
  const invalid = (problem: string, cause?: unknown) =>
    createHostError('PLUGIN_INVALID', { plugin: runtimeName, packageName, packageVersion, problem }, { cause })
  recordRegistrations(container, (token, registration) => {
    const capability = toCapabilityId(token)
    const value = toValue(registration)
    if (value === undefined) throw invalid(`registers something other than an object as capability "${capability}"`)
    if (provided.has(token)) {
      throw createHostError('CAPABILITY_DUPLICATE', { capability, runtime: runtimeName, packageName, packageVersion })
    }
    provided.set(token, value)
  })
  let returned: unknown
  try {
    const scope = { runtimeName, container, ownerLabels, env, warn, packageName, packageVersion }
    returned = plugin.register(scope, result.details)
  } catch (cause) {
    if (isHostError(cause, 'PLUGIN_INVALID') || isHostError(cause, 'CAPABILITY_DUPLICATE')) throw cause
    throw invalid(`throws in register: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
  }
  if (isThenable(returned)) {
    returned.then(ignore, ignore) // its rejection must not end the process
    throw invalid('registers asynchronously')
  }
  const problem = findBrokenClaim(result.provides, provided)
  if (problem !== undefined) throw invalid(problem)
  return container
}

/** Options of `wireScope`. */
export interface WireOptions {
  readonly ownerLabels: StringMap
  readonly env: Environment
  readonly warn: (message: string) => void
  /** Filled with the registered objects by token, in order, also when `register` fails. */
  readonly provided: Map<symbol, object>
}

/**
 * Calls `note` before each registration of a capability in the container.
 *
 * It observes the container and not `provide`, since a plugin may use another copy of core.
 */
function recordRegistrations(
  container: DependencyContainer,
  note: (token: symbol, registration: unknown) => void,
): void {
  const register: (token: never, registration: never, options?: never) => DependencyContainer =
    container.register.bind(container)
  const record = (token: unknown, registration: unknown, options?: unknown) => {
    if (isCapabilityToken(token)) note(token, registration)
    // The arguments are passed on unchanged; the overloads of tsyringe cannot be expressed here.
    return register(token as never, registration as never, options as never)
  }
  Object.defineProperty(container, 'register', { value: record })
}

function findBrokenClaim(
  claimed: readonly Capability<object>[],
  provided: ReadonlyMap<symbol, object>,
): string | undefined {
  const withheld = claimed.find(({ token }) => !provided.has(token))
  if (withheld !== undefined) return `does not provide capability "${withheld.id}", which its probe listed`
  const tokens = new Set(claimed.map(({ token }) => token))
  const extra = [...provided.keys()].find((token) => !tokens.has(token))
  if (extra !== undefined) return `provides capability "${toCapabilityId(extra)}", which its probe did not list`
  return findRuntimeProblem(provided)
}

function isCapabilityToken(token: unknown): token is symbol {
  return typeof token === 'symbol' && Symbol.keyFor(token)?.startsWith('capstan/') === true
}

function toCapabilityId({ description = '' }: symbol): string {
  return description.replace(/^capstan\/|@1$/g, '')
}

function toValue(registration: unknown): object | undefined {
  if (typeof registration !== 'object' || registration === null || !('useValue' in registration)) return undefined
  const { useValue } = registration
  return typeof useValue === 'object' && useValue !== null ? useValue : undefined
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

function ignore(): void {}
