import { buildServiceCapability, type RuntimePlugin } from '@capstan/core'
import { type MemoryPluginOptions, memoryPlugin } from '@capstan/runtime-memory'
import type { FakeDaemon } from '../../../buildkit-client/test/support/fake-daemon.js'
import { createStreamPair } from '../../../buildkit-client/test/support/stream-pair.js'

/** The simulation with an engine's own BuildKit, which is a fake. Its images are not added to the simulation. */
export function memoryPluginWithService(daemon: FakeDaemon, options: MemoryPluginOptions = {}): RuntimePlugin {
  const original = memoryPlugin(options)
  const { id } = buildServiceCapability
  return {
    ...original,
    probe: async (probeOptions) => {
      const result = await original.probe(probeOptions)
      if (!result.available) return result
      const absent = result.absent.filter((missing) => missing.id !== id)
      return { ...result, absent, provides: [...result.provides, buildServiceCapability] }
    },
    register: (scope, details) => {
      original.register(scope, details)
      scope.provide(buildServiceCapability, {
        connect: async () => {
          const [ours, theirs] = createStreamPair()
          daemon.serve(theirs)
          return ours
        },
        openSession: async (headers) => {
          const [ours, theirs] = createStreamPair()
          daemon.serveSession(theirs, headers)
          return ours
        },
      })
    },
  }
}
