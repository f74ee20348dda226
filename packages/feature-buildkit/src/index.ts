export type { BuildProgressEvent } from './build/build-progress-event.js'
export { type BuildOutput, type BuildRequest, validateBuildRequest } from './build/build-request.js'
export type { BuildKitBuild, BuildResult } from './build/buildkit-build.js'
export { BuildKitFeature } from './buildkit-feature.js'
export {
  type BuildKitBuildOptions,
  type BuildKitCacheLimits,
  type BuildKitCertificates,
  type BuildKitOptions,
  type BuildKitStartProgress,
  type BuildKitTcp,
  defaultBuildKitImage,
  defaultRootlessImage,
} from './buildkit-options.js'
export type { BuildKitSidecar, BuildKitWorker, CacheRecord, ConnectOptions, PruneOptions } from './buildkit-sidecar.js'
export { toBuildKitSupport } from './buildkit-support.js'
export type { RungVerdict } from './start/ladder.js'
export type { BuildKitPrivilege } from './start/rungs.js'
export type { BuildKitStopOutcome } from './start/stop-buildkit.js'
