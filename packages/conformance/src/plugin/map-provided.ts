import type { RuntimePlugin } from '@capstan/core'
import type { RegistrationScope } from '@capstan/core/plugin'

/** Wraps a plugin so that `map` replaces each implementation that it registers. */
export function mapProvided(plugin: RuntimePlugin, map: MapProvided): RuntimePlugin {
  return withPlugin(plugin, { register: (scope, details) => plugin.register(mapScope(scope, map), details) })
}

/** Called with the token of the capability and the registered implementation; returns its replacement. */
export type MapProvided = (token: symbol, implementation: object, scope: RegistrationScope) => object

/** Returns the plugin with some members replaced. The others keep their `this`. */
export function withPlugin(plugin: RuntimePlugin, parts: Partial<RuntimePlugin>): RuntimePlugin {
  return withParts(plugin, parts)
}

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

function mapScope(scope: RegistrationScope, map: MapProvided): RegistrationScope {
  const { container } = scope
  const register = (token: unknown, registration: unknown, options?: unknown) => {
    const mapped =
      isValue(registration) && typeof token === 'symbol' ? map(token, registration.useValue, scope) : undefined
    const given = mapped === undefined ? registration : { useValue: mapped }
    // Passed on unchanged; the overloads of the container cannot be expressed here.
    return container.register(token as never, given as never, options as never)
  }
  return { ...scope, container: withParts(container, { register: register as typeof container.register }) }
}

function isValue(registration: unknown): registration is { readonly useValue: object } {
  return (
    typeof registration === 'object' &&
    registration !== null &&
    'useValue' in registration &&
    typeof registration.useValue === 'object' &&
    registration.useValue !== null
  )
}
