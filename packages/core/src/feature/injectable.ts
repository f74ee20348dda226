import type { Capability } from '../contract/capability.js'
import { hostEnvironmentCapability } from '../contract/environment.js'
import type { Capabilities, FeatureContext, InjectedManagers, Needs } from '../contract/needs.js'
import { runtimeCapability } from '../contract/runtime.js'
import { runtimeReportCapability } from '../contract/runtime-report.js'
import { type CoreCopy, thisCopy } from '../injection/core-copy.js'
import { type DependencyContainer, injectWithTransform, markInjectable, scopeContainerToken } from '../injection/di.js'
import { findCapability } from '../plugin/capability-access.js'

/**
 * Marks a class as a feature that `RuntimeScope.resolve` can construct: `@injectable(previewNeeds)`.
 *
 * The class must have these needs as `static readonly needs` and a constructor with one parameter of the type
 * `InjectedManagers<typeof previewNeeds>`. A class that extends a feature must be marked itself and declare a constructor.
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

/** A class that {@link injectable} accepts. */
interface FeatureClass<N extends Needs> {
  readonly needs: N
  new (managers: InjectedManagers<N>): object
}

/** A type that no class satisfies whose constructor takes none or more than one parameter. */
type OneParameter<C extends new (managers: never) => object> =
  ConstructorParameters<C> extends readonly [unknown] ? unknown : readonly ['the constructor takes one parameter']

/** Returns the copy of core whose `injectable` marked the class; `undefined` if the class itself is not marked. */
export function findMarkingCopy(target: object): CoreCopy | undefined {
  // Only `injectable`, of any copy of core, writes this property.
  return Object.hasOwn(target, copyKey) ? (target as { readonly [copyKey]: CoreCopy })[copyKey] : undefined
}

/** Whether a class is marked only by inheritance. tsyringe would construct such a class without its managers. */
export function inheritsMark(target: object): boolean {
  return copyKey in target && !Object.hasOwn(target, copyKey)
}

/** Creates the argument of a feature's constructor: tsyringe calls `transform`. */
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
