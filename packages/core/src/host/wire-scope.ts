import type { Capability } from '../capability.js'
import { createScopeContainer, type DependencyContainer } from '../di.js'
import { createHostError } from '../errors/create-host-error.js'
import { isHostError } from '../errors/host-error.js'
import type { StringMap } from '../operation.js'
import { toPluginNames, toUnknownNames } from '../plugin/check-plugin.js'
import { type RuntimeReport, runtimeReportCapability } from '../plugin/runtime-report.js'
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
  { ownerLabels, warn, provided }: WireOptions,
): DependencyContainer {
  const container = createScopeContainer()
  container.register(runtimeReportCapability.token, { useValue: report })
  recordRegistrations(container, provided)
  const { plugin: runtimeName, packageName, packageVersion } = toPluginNames(plugin, toUnknownNames(plugin.name))
  const invalid = (problem: string, cause?: unknown) =>
    createHostError('PLUGIN_INVALID', { plugin: runtimeName, packageName, packageVersion, problem }, { cause })
  let returned: unknown
  try {
    const scope = { runtimeName, container, ownerLabels, warn, packageName, packageVersion }
    returned = plugin.register(scope, result.details)
  } catch (cause) {
    if (isHostError(cause)) throw cause
    throw invalid(`throws in register: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
  }
  const problem = isThenable(returned) ? 'registers asynchronously' : findBrokenClaim(result.provides, provided)
  if (problem !== undefined) throw invalid(problem)
  return container
}

export interface WireOptions {
  readonly ownerLabels: StringMap
  readonly warn: (message: string) => void
  /** Gets what the plugin registers, in order, by token: also what a failed `register` leaves behind. */
  readonly provided: Map<symbol, object>
}

/**
 * Keeps account of what is registered under the tokens of capabilities.
 *
 * Done at the container and not in `provide`: a plugin may bring a copy of core of its own.
 */
function recordRegistrations(container: DependencyContainer, provided: Map<symbol, object>): void {
  const register: (token: never, registration: never, options?: never) => DependencyContainer =
    container.register.bind(container)
  const record = (token: unknown, registration: unknown, options?: unknown) => {
    const value = toValue(registration)
    if (isCapabilityToken(token) && value !== undefined) provided.set(token, value)
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
  if (extra !== undefined) return `provides ${String(extra.description)}, which its probe did not claim`
  return findRuntimeProblem(provided)
}

function isCapabilityToken(token: unknown): token is symbol {
  return typeof token === 'symbol' && Symbol.keyFor(token)?.startsWith('capstan/') === true
}

function toValue(registration: unknown): object | undefined {
  if (typeof registration !== 'object' || registration === null || !('useValue' in registration)) return undefined
  const { useValue } = registration
  return typeof useValue === 'object' && useValue !== null ? useValue : undefined
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value
}
