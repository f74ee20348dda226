import type { RuntimePlugin } from '@capstan/core'
import { type MemoryClusterPlugin, memoryPlugin } from './memory-plugin.js'

export type { MemoryCluster, MemoryClusterOptions, MemoryNodeOptions } from './memory-cluster.js'
export type { MemoryFault } from './memory-fault.js'
export type { MemoryPluginOptions } from './memory-plugin-options.js'
export type {
  MemoryFiles,
  MemoryImage,
  MemoryProcess,
  MemoryProgram,
  MemoryRunOptions,
  MemorySignal,
} from './simulation/memory-program.js'
export { type MemoryClusterPlugin, memoryPlugin }

/** The plugin that `loadPlugins` takes from this package. All importers of the module share its state. */
export const plugin: RuntimePlugin = memoryPlugin()
