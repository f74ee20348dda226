export type { ContextEntry } from './context-entry.js'
export { type PackOptions, packBuildContext } from './pack-build-context.js'
export { type ReadContextOptions, readBuildContext } from './read-build-context.js'
