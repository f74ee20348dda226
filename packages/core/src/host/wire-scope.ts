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
 * Lets the plugin register in an empty container of its own, and holds it to its probe's claim.
 *
 * @throws HostError PLUGIN_INVALID or CAPABILITY_DUPLICATE; the caller closes what stands in `provided` by then.
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
    if (value === undefined) throw invalid(`registers capability "${capability}", but not an object that is there`)
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
    returned.then(ignore, ignore) // its late failure is nobody's: this one is told
    throw invalid('registers asynchronously')
  }
  const problem = findBrokenClaim(result.provides, provided)
  if (problem !== undefined) throw invalid(problem)
  return container
}

/** What the host brings to the wiring. */
export interface WireOptions {
  readonly ownerLabels: StringMap
  readonly env: Environment
  readonly warn: (message: string) => void
  /** Gets what the plugin registers, in order, by token: also what a failed `register` leaves behind. */
  readonly provided: Map<symbol, object>
}

/**
 * Tells `note` of what is registered under the token of a capability, before it is.
 *
 * Done at the container and not in `provide`: a plugin may bring a copy of core of its own.
 */
function recordRegistrations(
  container: DependencyContainer,
  note: (token: symbol, registration: unknown) => void,
): void {
  const register: (token: never, registration: never, options?: never) => DependencyContainer =
    container.register.bind(container)
  const record = (token: unknown, registration: unknown, options?: unknown) => {
    if (isCapabilityToken(token)) note(token, registration)
    // Handed on as it came: tsyringe's overloads are the caller's matter.
    return register(token as never, registration as never, options as never)
  }
  Object.defineProperty(container, 'register', { value: record })
}

function findBrokenClaim(
  claimed: readonly Capability<object>[],
  provided: ReadonlyMap<symbol, object>,
): string | undefined {
  const withheld = claimed.find(({ token }) => !provided.has(token))
  if (withheld !== undefined) return `claimed capability "${withheld.id}" in its probe and did not provide it`
  const tokens = new Set(claimed.map(({ token }) => token))
  const extra = [...provided.keys()].find((token) => !tokens.has(token))
  if (extra !== undefined) return `provides capability "${toCapabilityId(extra)}", which its probe did not claim`
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
