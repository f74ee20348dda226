export { type ArchiveOwner, readOwner, toOwnerFields } from './archive-owner.js'
export { type ContextEntry, parentsOf } from './context-entry.js'
export { type DigestedEntry, digestEntry } from './digest-entry.js'
export { type ListedFile, readUnchanged } from './file-content.js'
export {
  type BuildFile,
  type PackedBuild,
  type PackOptions,
  packBuild,
  packBuildContext,
  packContextEntries,
} from './pack-build-context.js'
export { createPathMatcher } from './path-matcher.js'
export { type ReadEntry, readArchive } from './read-archive.js'
export { type ReadContextOptions, readBuildContext } from './read-build-context.js'
export { type ArchiveEntry, packEntries } from './tar-archive.js'
export { type UnpackOptions, unpackArchive } from './unpack-archive.js'
