import type { Capability } from '../contract/capability.js'
import { toMissingCapability } from '../contract/missing-capability.js'
import type { ManagersOf } from '../contract/needs.js'
import { runtimeReportCapability } from '../contract/runtime-report.js'
import type { CapabilityScope, RegistrationScope } from '../contract/scope.js'
import { createHostError } from '../errors/create-host-error.js'
import { MissingCapabilityError } from '../errors/named-errors.js'

/**
 * Registers an implementation in the scope's container.
 *
 * @throws HostError CAPABILITY_DUPLICATE for a second one; PLUGIN_INVALID for what is no object.
 */
export function provide<T extends object>(
  scope: RegistrationScope,
  capability: Capability<T>,
  implementation: NoInfer<T>,
): void {
  const { runtimeName: runtime, packageName = 'unknown package', packageVersion = 'unknown version' } = scope
  if (typeof implementation !== 'object' || implementation === null) {
    const problem = `provides ${String(implementation)} as capability "${capability.id}"`
    throw createHostError('PLUGIN_INVALID', { plugin: runtime, packageName, packageVersion, problem })
  }
  if (scope.container.isRegistered(capability.token)) {
    throw createHostError('CAPABILITY_DUPLICATE', { capability: capability.id, runtime, packageName, packageVersion })
  }
  scope.container.register(capability.token, { useValue: implementation })
}

/** The implementation that this scope has, or `undefined`. */
export function findCapability<T extends object>(
  scope: Pick<CapabilityScope, 'container'>,
  capability: Capability<T>,
): T | undefined {
  // `isRegistered` says false for a token that is known to a parent alone; `true` makes it look there.
  return scope.container.isRegistered(capability.token, true) ? scope.container.resolve<T>(capability.token) : undefined
}

/**
 * Finds all of these capabilities, by property name: those of a feature are `Feature.needs.required`.
 *
 * @throws MissingCapabilityError naming every missing one, with its reason.
 */
export function requireCapabilities<N extends Readonly<Record<string, Capability<object>>>>(
  scope: CapabilityScope,
  needs: N,
): ManagersOf<N> {
  const missing = Object.values(needs).filter((capability) => findCapability(scope, capability) === undefined)
  if (missing.length > 0) throw toMissingError(scope, missing)
  const found = Object.entries(needs).map(([key, capability]) => [key, findCapability(scope, capability)])
  // Every value was just found under the token of its own capability, which fixes its type.
  return Object.fromEntries(found)
}

function toMissingError(scope: CapabilityScope, missing: readonly Capability<object>[]): MissingCapabilityError {
  const report = findCapability(scope, runtimeReportCapability)
  return new MissingCapabilityError({
    feature: undefined,
    runtime: scope.runtimeName,
    missing: missing.map((capability) => toMissingCapability(capability, report)),
    reports: report === undefined ? [] : [report],
  })
}
