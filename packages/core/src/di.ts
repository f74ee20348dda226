import 'reflect-metadata'
import { container, type DependencyContainer, inject, injectable as markInjectable } from 'tsyringe'
import { type CoreCopy, thisCopy } from './core-copy.js'

// The only door to tsyringe: it throws when it is imported before reflect-metadata.
export type { DependencyContainer }
export { inject }

/**
 * Lets a scope construct this class: `@injectable()` on a feature.
 *
 * Each parameter of the constructor names its capability: `@inject(networkManagerCapability.token, { isOptional: true })`.
 * A class that extends a feature is marked by itself, and declares a constructor of its own.
 */
export function injectable(): (target: new (...parameters: never[]) => object) => void {
  return (target) => {
    markInjectable()(target as new (...parameters: unknown[]) => object) // tsyringe types the parameters as any
    Object.defineProperty(target, copyKey, { value: thisCopy })
  }
}

/** The copy of core whose `injectable` marked the class itself; `undefined` for a class that none has marked. */
export function findMarkingCopy(target: object): CoreCopy | undefined {
  // What stands under this key was put there by some copy of the function above.
  return Object.hasOwn(target, copyKey) ? (target as { readonly [copyKey]: CoreCopy })[copyKey] : undefined
}

/** Whether a class inherits its mark: tsyringe would construct it, if it takes no parameters of its own, without its managers. */
export function inheritsMark(target: object): boolean {
  return copyKey in target && !Object.hasOwn(target, copyKey)
}

/** Makes an empty container of its own; nothing is ever registered on the one that it descends from. */
export function createScopeContainer(): DependencyContainer {
  return container.createChildContainer()
}

const copyKey: unique symbol = Symbol.for('capstan/injectable-copy@1')
