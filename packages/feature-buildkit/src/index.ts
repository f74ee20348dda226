export type { BuildKitWorker, CacheRecord, PruneOptions } from '@capstan/buildkit-client'
export type { BuildProgressEvent } from './build/build-progress-event.js'
export { type BuildOutput, type BuildRequest, validateBuildRequest } from './build/build-request.js'
export type { BuildResult } from './build/build-result.js'
export type { BuildKitBuild } from './build/buildkit-build.js'
export { BuildKitFeature } from './buildkit-feature.js'
export {
  type BuildKitBuildOptions,
  type BuildKitCacheLimits,
  type BuildKitCertificates,
  type BuildKitOptions,
  type BuildKitPrivilege,
  type BuildKitStartProgress,
  type BuildKitTcp,
  defaultBuildKitImage,
  defaultRootlessImage,
} from './buildkit-options.js'
export { toBuildKitSupport } from './buildkit-support.js'
export type { BuildKitSidecar, ConnectOptions } from './sidecar/buildkit-sidecar.js'
export type { PrivilegeLevelResult } from './sidecar/privilege-selection.js'
export type { BuildKitStopOutcome } from './sidecar/stop-buildkit.js'
