// The parts that load no library of gRPC.

export type { BuildProgressEvent } from './build/build-progress-event.js'
export {
  type BuildCache,
  type BuildOutput,
  type BuildRequest,
  type RemoteContext,
  validateBuildRequest,
} from './build/build-request.js'
export { type BuildResult, findImageId } from './build/build-result.js'
export { type BuildEventListener, type BuildKitBuild, createBuild } from './build/buildkit-build.js'
export type { BuildKitKind } from './build/solve-request.js'
export {
  type BuildRequestField,
  findGatewayHost,
  findUnsupportedFields,
  resolveHostGateway,
  type UnsupportedField,
} from './build/unsupported-fields.js'
export type { FindCredentials, RegistryToken } from './session/session-services.js'
