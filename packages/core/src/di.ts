import 'reflect-metadata'
import { container, type DependencyContainer, inject, injectable } from 'tsyringe'

// The only door to tsyringe: it throws when it is imported before reflect-metadata.
export type { DependencyContainer }
export { inject, injectable }

/** Makes an empty container of its own; nothing is ever registered on the one that it descends from. */
export function createScopeContainer(): DependencyContainer {
  return container.createChildContainer()
}
