import type { Capability } from '../contract/capability.js'
import { hostEnvironmentCapability } from '../contract/environment.js'
import type { Capabilities, FeatureContext, InjectedManagers, Needs } from '../contract/needs.js'
import { runtimeCapability } from '../contract/runtime.js'
import { runtimeReportCapability } from '../contract/runtime-report.js'
import { createHostError } from '../errors/create-host-error.js'
import { toErrorText } from '../errors/message.js'
import { type DependencyContainer, injectWithTransform, markInjectable, scopeContainerToken } from '../injection/di.js'
import { findCapability } from '../plugins/capability-access.js'
import { type CoreCopy, showCopy, thisCopy } from './core-copy.js'

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

/**
 * Creates an instance of a feature with the managers in a dependency-injection container.
 *
 * @throws HostError OPERATION_FAILED: see `RuntimeScope.resolve`
 */
export function resolveFeature<F extends object>(
  container: DependencyContainer,
  feature: new (...parameters: never[]) => F,
): F {
  // Only `injectable`, of any copy of core, writes this property.
  const { [copyKey]: copy } = feature as { readonly [copyKey]?: CoreCopy }
  const isMarked = Object.hasOwn(feature, copyKey)
  if (isMarked && copy !== undefined && copy.location !== thisCopy.location) {
    const copies = `${showCopy(copy)}, but the host is of ${showCopy(thisCopy)}`
    throw createUnresolvedError(feature, `its class was marked by injectable() of ${copies}; install one copy`)
  }
  // tsyringe would construct a class that only inherits the mark without its managers.
  if (!isMarked && copy !== undefined) throw createUnresolvedError(feature, unmarked)
  try {
    return container.resolve<F>(feature as new (...parameters: unknown[]) => F) // tsyringe types the parameters as any
  } catch (cause) {
    // Without parameters, tsyringe also creates a class that is not marked, so the constructor itself has failed.
    const isUnmarked = !isMarked && feature.length > 0
    throw createUnresolvedError(feature, isUnmarked ? unmarked : toErrorText(cause), cause)
  }
}

function createUnresolvedError({ name }: { readonly name: string }, reason: string, cause?: unknown) {
  const facts = { operation: 'resolve', subject: name, status: undefined, reason }
  return createHostError('OPERATION_FAILED', facts, { cause })
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
const unmarked = 'its class is not marked with injectable() of @capstan/core/plugin'
