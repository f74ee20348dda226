import type { RuntimePlugin } from '@capstan/core'
import { memoryPlugin } from './memory-plugin.js'

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
export { memoryPlugin }

/** The simulation with its defaults, as `loadPlugins` finds it: one for each process. */
export const plugin: RuntimePlugin = memoryPlugin()
