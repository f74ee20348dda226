import type { Capability } from '../contract/capability.js'
import { hostEnvironmentCapability } from '../contract/environment.js'
import type { Capabilities, FeatureContext, InjectedManagers, Needs } from '../contract/needs.js'
import { runtimeCapability } from '../contract/runtime.js'
import { runtimeReportCapability } from '../contract/runtime-report.js'
import { type CoreCopy, thisCopy } from '../injection/core-copy.js'
import { type DependencyContainer, injectWithTransform, markInjectable, scopeContainerToken } from '../injection/di.js'
import { findCapability } from '../plugin/capability-access.js'

/**
 * Marks a class as a feature that a scope can construct: `@injectable(previewNeeds)`.
 *
 * The class has these needs as `static readonly needs`, and its constructor takes one parameter, an
 * `InjectedManagers<typeof previewNeeds>`. A class that extends a feature is marked itself and declares a constructor of
 * its own.
 */
export function injectable<N extends Needs>(
  needs: N,
): <C extends FeatureClass<N>>(target: C & OneParameter<C>) => void {
  return (target) => {
    injectWithTransform(scopeContainerToken, ManagerReader, needs)(target, undefined, 0)
    markInjectable()(target as new (...parameters: unknown[]) => object) // tsyringe types the parameters as any
    Object.defineProperty(target, copyKey, { value: thisCopy })
  }
}

/** A class that {@link injectable} can mark. */
interface FeatureClass<N extends Needs> {
  readonly needs: N
  new (managers: InjectedManagers<N>): object
}

/** Refuses, in types, a constructor that takes none or more than one parameter. */
type OneParameter<C extends new (managers: never) => object> =
  ConstructorParameters<C> extends readonly [unknown] ? unknown : readonly ['the constructor takes one parameter']

/** The copy of core whose `injectable` marked the class itself; `undefined` for a class that is not marked. */
export function findMarkingCopy(target: object): CoreCopy | undefined {
  // `injectable` of some copy of core has written this property.
  return Object.hasOwn(target, copyKey) ? (target as { readonly [copyKey]: CoreCopy })[copyKey] : undefined
}

/** Whether a class inherits its mark. tsyringe would construct such a class without its managers. */
export function inheritsMark(target: object): boolean {
  return copyKey in target && !Object.hasOwn(target, copyKey)
}

/** Called by tsyringe for the parameter of a feature's constructor. */
class ManagerReader {
  transform(container: DependencyContainer, { required, optional }: Needs): Readonly<Record<string, unknown>> {
    const capabilities = Object.entries<Capability<object>>({ ...required, ...optional, ...contextCapabilities })
    return Object.fromEntries(
      capabilities.map(([name, capability]) => [name, findCapability({ container }, capability)]),
    )
  }
}

const contextCapabilities: Capabilities<FeatureContext> = {
  runtime: runtimeCapability,
  report: runtimeReportCapability,
  env: hostEnvironmentCapability,
}
const copyKey: unique symbol = Symbol.for('capstan/injectable-copy@1')
