import {
  type Capability,
  execManagerCapability,
  firewallManagerCapability,
  imageBuilderCapability,
  imageTransferCapability,
  networkManagerCapability,
  type Runtime,
  type RuntimePlugin,
  runtimeCapability,
  sidecarManagerCapability,
  volumeManagerCapability,
} from '@capstan/core'
import { provide } from '@capstan/core/plugin'
import { type MemoryPluginOptions, memoryPlugin } from '@capstan/runtime-memory'

/** The simulation with some methods of its runtime replaced. */
export function changedMemory(parts: Partial<Runtime>, options: MemoryPluginOptions = {}): RuntimePlugin {
  const sound = memoryPlugin(options)
  return {
    ...sound,
    register: (scope, details) => {
      const container = scope.container.createChildContainer()
      sound.register({ ...scope, container }, details)
      const runtime = container.resolve<Runtime>(runtimeCapability.token)
      provide(scope, runtimeCapability, withParts(runtime, parts))
      const provided = managers.filter(({ id }) => options.without?.every((without) => without.id !== id) ?? true)
      for (const manager of provided) provide(scope, manager, container.resolve<object>(manager.token))
    },
  }
}

/** The other methods are called on the runtime itself, since they use its private fields. */
function withParts(runtime: Runtime, parts: Partial<Runtime>): Runtime {
  return new Proxy(runtime, {
    get: (_, key) => {
      const part: unknown = Reflect.get(parts, key)
      if (part !== undefined) return part
      const own: unknown = Reflect.get(runtime, key)
      return typeof own === 'function' ? own.bind(runtime) : own
    },
  })
}

const managers: readonly Capability<object>[] = [
  imageBuilderCapability,
  firewallManagerCapability,
  networkManagerCapability,
  sidecarManagerCapability,
  execManagerCapability,
  imageTransferCapability,
  volumeManagerCapability,
]
