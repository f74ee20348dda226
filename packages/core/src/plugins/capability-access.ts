import type { Capability } from '../contract/capability.js'
import type { ManagersOf } from '../contract/needs.js'
import type { MissingCapability } from '../contract/probe.js'
import { type RuntimeReport, runtimeReportCapability } from '../contract/runtime-report.js'
import type { CapabilityScope } from '../contract/scope.js'
import { createHostError } from '../errors/create-host-error.js'

/** Returns the implementation of a capability in a scope; `undefined` if the runtime does not provide it. */
export function findCapability<T extends object>(
  scope: Pick<CapabilityScope, 'container'>,
  capability: Capability<T>,
): T | undefined {
  // `true` also searches the parents of the dependency-injection container, since a caller may pass a child of it.
  return scope.container.isRegistered(capability.token, true) ? scope.container.resolve<T>(capability.token) : undefined
}

/**
 * Returns the implementations of several capabilities, by the same property names. `capabilities` may be
 * `Feature.needs.required`.
 *
 * @throws MissingCapabilityError with all missing capabilities and their reasons
 */
export function requireCapabilities<C extends Readonly<Record<string, Capability<object>>>>(
  scope: CapabilityScope,
  capabilities: C,
): ManagersOf<C> {
  const missing = Object.values(capabilities).filter((capability) => findCapability(scope, capability) === undefined)
  if (missing.length > 0) throw createMissingError(scope, missing)
  const found = Object.entries(capabilities).map(([key, capability]) => [key, findCapability(scope, capability)])
  // Each value was found by the token of its capability, which determines its type.
  return Object.fromEntries(found)
}

/** Returns a missing capability with the reason and remedy that the report has for it. */
export function toMissingCapability(
  { id, title }: Pick<Capability<object>, 'id' | 'title'>,
  report: RuntimeReport | undefined,
): MissingCapability {
  if (report?.available === false) {
    return { id, title, reason: `runtime "${report.runtime}" is not available`, remedy: report.attempts.at(-1)?.remedy }
  }
  const absent = report?.absent.find((entry) => entry.id === id)
  return { id, title, reason: absent?.reason ?? 'the runtime plugin does not provide it', remedy: absent?.remedy }
}

function createMissingError(scope: CapabilityScope, missing: readonly Capability<object>[]) {
  const report = findCapability(scope, runtimeReportCapability)
  return createHostError('CAPABILITY_MISSING', {
    feature: undefined,
    runtime: scope.runtimeName,
    missing: missing.map((capability) => toMissingCapability(capability, report)),
    reports: report === undefined ? [] : [report],
  })
}
