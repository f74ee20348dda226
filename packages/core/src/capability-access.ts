import type { Capability } from './capability.js'
import { createHostError } from './errors/create-host-error.js'
import { MissingCapabilityError } from './errors/named-errors.js'
import type { MissingCapability } from './feature.js'
import { type RuntimeReport, runtimeReportCapability } from './plugin/runtime-report.js'
import type { CapabilityScope, RegistrationScope } from './scope.js'

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
export function findCapability<T extends object>(scope: CapabilityScope, capability: Capability<T>): T | undefined {
  // `isRegistered` says false for a token that is known to a parent alone; `true` makes it look there.
  return scope.container.isRegistered(capability.token, true) ? scope.container.resolve<T>(capability.token) : undefined
}

/** All of them, or one {@link MissingCapabilityError} that names every missing one with its reason. */
export function requireCapabilities<N extends Readonly<Record<string, Capability<object>>>>(
  scope: CapabilityScope,
  needs: N,
): { readonly [K in keyof N]: N[K] extends Capability<infer T> ? T : never } {
  const missing = Object.values(needs).filter((capability) => findCapability(scope, capability) === undefined)
  if (missing.length > 0) throw toMissingError(scope, missing)
  const found = Object.entries(needs).map(([key, capability]) => [key, findCapability(scope, capability)])
  // Every value was just found under the token of its own capability, which fixes its type.
  return Object.fromEntries(found)
}

/** Why `capability` is not there, as the report tells it. */
export function toMissingCapability(
  { id, title }: Capability<object>,
  report: RuntimeReport | undefined,
): MissingCapability {
  if (report?.available === false) {
    return { id, title, reason: `runtime "${report.runtime}" is not available`, remedy: report.attempts.at(-1)?.remedy }
  }
  const absent = report?.absent.find((entry) => entry.id === id)
  return { id, title, reason: absent?.reason ?? 'the runtime plugin does not provide it', remedy: absent?.remedy }
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
