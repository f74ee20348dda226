import 'reflect-metadata'
import { container, type DependencyContainer, injectWithTransform, injectable as markInjectable } from 'tsyringe'

// The only import of tsyringe: it throws when it is imported before reflect-metadata.
export type { DependencyContainer }
export { injectWithTransform, markInjectable }

/** Resolves, in each container of a scope, to the container that is asked. */
export const scopeContainerToken: unique symbol = Symbol('scope container')

/** Creates an empty container. Nothing is ever registered on its parent, the global container. */
export function createScopeContainer(): DependencyContainer {
  const own = container.createChildContainer()
  own.register(scopeContainerToken, { useFactory: (asked) => asked })
  return own
}
