import 'reflect-metadata'
import { container, type DependencyContainer, injectWithTransform, injectable as markInjectable } from 'tsyringe'

// The only import of tsyringe, which throws unless reflect-metadata is imported first.
export type { DependencyContainer }
export { injectWithTransform, markInjectable }

/** Resolves to the dependency-injection container on which `resolve` is called. */
export const scopeContainerToken: unique symbol = Symbol('scope container')

/** Creates a dependency-injection container, a child of the global one of tsyringe, on which nothing is registered. */
export function createScopeContainer(): DependencyContainer {
  const child = container.createChildContainer()
  child.register(scopeContainerToken, { useFactory: (resolving) => resolving })
  return child
}
