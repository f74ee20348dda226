import { createRuntimeHost, execManagerCapability, fileTransferCapability, requireCapabilities } from '@capstan/core'
import { type MemoryPluginOptions, memoryPlugin } from '@capstan/runtime-memory'

/** Opens a simulation. `reopen` opens the same one as another process would. Disposing closes both. */
export async function openMemory(options: MemoryPluginOptions = {}) {
  const host = createRuntimeHost({ plugins: [memoryPlugin(options)], env: {} })
  const scope = await host.open({ runtime: 'memory' })
  const needs = { execs: execManagerCapability, files: fileTransferCapability }
  const { execs, files } = requireCapabilities(scope, needs)
  return {
    runtime: scope.runtime,
    execs,
    files,
    reopen: async () => (await host.open({ runtime: 'memory' })).runtime,
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  }
}
