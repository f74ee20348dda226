import { type Runtime, type RuntimePlugin, runtimeCapability } from '@capstan/core'
import type { RegistrationScope } from '@capstan/core/plugin'
import { type MemoryPluginOptions, memoryPlugin } from '@capstan/runtime-memory'

/** The simulation with some methods of its runtime replaced. */
export function memoryPluginWith(parts: Partial<Runtime>, options: MemoryPluginOptions = {}): RuntimePlugin {
  const original = memoryPlugin(options)
  return {
    ...original,
    register: (scope, details) => {
      const provide: RegistrationScope['provide'] = (capability, implementation) =>
        scope.provide(
          capability,
          capability.id === runtimeCapability.id ? withParts(implementation, parts) : implementation,
        )
      original.register({ ...scope, provide }, details)
    },
  }
}

/** The other methods are called on the runtime itself, since they use its private fields. */
function withParts<T extends object>(runtime: T, parts: Partial<Runtime>): T {
  return new Proxy(runtime, {
    get: (_, key) => {
      const part: unknown = Reflect.get(parts, key)
      if (part !== undefined) return part
      const own: unknown = Reflect.get(runtime, key)
      return typeof own === 'function' ? own.bind(runtime) : own
    },
  })
}
