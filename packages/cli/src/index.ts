export { loadBuiltInPlugins } from './built-in-plugins.js'
export type { PluginSource } from './invocation.js'
export type { Input, Io, Output, SignalSource } from './io.js'
export { type ProgramOptions, runProgram } from './program.js'
