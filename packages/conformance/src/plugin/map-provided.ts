import type { Capability, RuntimePlugin } from '@capstan/core'
import type { RegistrationScope } from '@capstan/core/plugin'

/** Wraps a plugin so that `map` replaces each implementation that it provides. */
export function mapProvided(plugin: RuntimePlugin, map: MapProvided): RuntimePlugin {
  const mapScope = (scope: RegistrationScope): RegistrationScope => ({
    ...scope,
    // `map` returns another implementation of the same capability.
    provide: (capability, implementation) => scope.provide(capability, map(capability, implementation) as never),
  })
  return withParts(plugin, { register: (scope, details) => plugin.register(mapScope(scope), details) })
}

/** Receives a capability and the object that the plugin provides for it. */
export type MapProvided = (capability: Capability<object>, implementation: object) => object

/** Returns an object with some members replaced. The others run on the object itself, so private fields work. */
export function withParts<T extends object>(target: T, parts: Partial<T>): T {
  const get = (_: object, key: PropertyKey): unknown => {
    if (Object.hasOwn(parts, key)) return Reflect.get(parts, key)
    const value: unknown = Reflect.get(target, key, target)
    return typeof value === 'function' ? value.bind(target) : value
  }
  const has = (_: object, key: PropertyKey) => Reflect.has(target, key) || Object.hasOwn(parts, key)
  // The target is an empty object, because a proxy cannot replace read-only properties of its target. It has all members of T.
  return new Proxy({}, { get, has }) as T
}
