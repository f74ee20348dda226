export type { BuildKitWorker, BuildRecord, CacheRecord, PruneOptions } from '@capstan/buildkit-client'
export {
  type BuildCache,
  type BuildKitBuild,
  type BuildOutput,
  type BuildProgressEvent,
  type BuildRequest,
  type BuildRequestField,
  type BuildResult,
  type FindCredentials,
  type RegistryToken,
  type RemoteContext,
  validateBuildRequest,
} from '@capstan/buildkit-client/request'
export type { BuildHistory } from './build/build-history.js'
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
  type FindHistoryOptions,
} from './buildkit-options.js'
export { toBuildKitSupport } from './buildkit-support.js'
export type { BuildKitSidecar, ConnectOptions } from './sidecar/buildkit-sidecar.js'
export type { PrivilegeLevelResult } from './sidecar/privilege-selection.js'
export type { BuildKitStopOutcome } from './sidecar/stop-buildkit.js'
