export { loadBuiltInPlugins } from './host/built-in-plugins.js'
export type { PluginSource, PluginSourceOptions } from './host/invocation.js'
export { type ProgramOptions, runProgram } from './program.js'
export type { Input, Io, Output, SignalSource } from './terminal/io.js'
