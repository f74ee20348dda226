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

/** A simulation with default options, which `loadPlugins` finds. One per process. */
export const plugin: RuntimePlugin = memoryPlugin()
