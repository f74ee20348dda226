import type { RuntimePlugin } from '@capstan/core'
import type { RegistrationScope } from '@capstan/core/plugin'

/** The same plugin, but that each implementation which it registers is replaced by what `map` makes of it. */
export function mapProvided(plugin: RuntimePlugin, map: MapProvided): RuntimePlugin {
  return withPlugin(plugin, { register: (scope, details) => plugin.register(mapScope(scope, map), details) })
}

/** Gets the token of the capability, and what the plugin provides for it. */
export type MapProvided = (token: symbol, implementation: object, scope: RegistrationScope) => object

/** A plugin with some of its parts replaced; the others keep their own `this`. */
export function withPlugin(plugin: RuntimePlugin, parts: Partial<RuntimePlugin>): RuntimePlugin {
  return withParts(plugin, parts)
}

/** An object with some of its members replaced. The others run on the object itself, so private fields work. */
export function withParts<T extends object>(target: T, parts: Partial<T>): T {
  const get = (_: object, key: PropertyKey): unknown => {
    if (Object.hasOwn(parts, key)) return Reflect.get(parts, key)
    const value: unknown = Reflect.get(target, key, target)
    return typeof value === 'function' ? value.bind(target) : value
  }
  const has = (_: object, key: PropertyKey) => Reflect.has(target, key) || Object.hasOwn(parts, key)
  // Not around the object itself: a proxy may not hide what is fixed on its own target. It answers as a T does.
  return new Proxy({}, { get, has }) as T
}

function mapScope(scope: RegistrationScope, map: MapProvided): RegistrationScope {
  const { container } = scope
  const register = (token: unknown, registration: unknown, options?: unknown) => {
    const mapped =
      isValue(registration) && typeof token === 'symbol' ? map(token, registration.useValue, scope) : undefined
    const given = mapped === undefined ? registration : { useValue: mapped }
    // Handed on as it came: the overloads of the container are the plugin's matter.
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
