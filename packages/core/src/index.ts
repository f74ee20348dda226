// Capabilities and scopes

export { type Capability, defineCapability } from './contract/capability.js'
export {
  type Environment,
  findHomeDirectory,
  findTemporaryDirectory,
  hostEnvironmentCapability,
} from './contract/environment.js'
export type { CapabilityScope, RegistrationScope } from './contract/scope.js'
export type { DependencyContainer } from './injection/di.js'
export { findCapability, provide, requireCapabilities } from './plugin/capability-access.js'

// Runtime

export type { AttachOptions, TerminalSize } from './contract/container/attach.js'
export type {
  ContainerConfig,
  ContainerNetwork,
  CreateOptions,
  Mount,
  NetworkJoin,
  Ulimit,
} from './contract/container/container-config.js'
export type {
  ContainerInfo,
  ContainerInspection,
  ContainerState,
  ListContainersOptions,
  NetworkAttachment,
  StopOptions,
} from './contract/container/container-info.js'
export type { LogChunk, LogOptions, LogStream } from './contract/container/logs.js'
export type { PortBinding, PortSpec, Protocol } from './contract/container/ports.js'
export type { ImageInfo, PullOptions, PullProgress, RegistryCredentials } from './contract/image/image.js'
export { toImageHome } from './contract/image/image-home.js'
export {
  dockerHub,
  type ImageReference,
  isImageId,
  parseImageReference,
  toFamiliarName,
  toFullName,
} from './contract/image/image-reference.js'
export type { Argv, EnvMap, ListOptions, OperationOptions, ProgressEvent, StringMap } from './contract/operation.js'
export { type HostAddressOptions, type Runtime, runtimeCapability } from './contract/runtime.js'
export { redactUrls, redactUserInfo } from './errors/redact.js'

// Managers

export { type BuiltInField, builtInCapabilities } from './contract/managers/built-in-capabilities.js'
export {
  type ExecManager,
  type ExecOptions,
  type ExecProcess,
  execManagerCapability,
} from './contract/managers/exec-manager.js'
export {
  type FirewallDestination,
  type FirewallManager,
  type FirewallRules,
  firewallManagerCapability,
} from './contract/managers/firewall-manager.js'
export {
  type BuildContext,
  type BuildOptions,
  type BuildProgress,
  type ImageBuilder,
  imageBuilderCapability,
} from './contract/managers/image-builder.js'
export { type ImageTransfer, imageTransferCapability } from './contract/managers/image-transfer.js'
export {
  type CreateNetworkOptions,
  type NetworkInfo,
  type NetworkManager,
  networkManagerCapability,
} from './contract/managers/network-manager.js'
export {
  type SidecarConfig,
  type SidecarManager,
  sidecarManagerCapability,
} from './contract/managers/sidecar-manager.js'
export {
  type CreateVolumeOptions,
  type VolumeInfo,
  type VolumeManager,
  volumeManagerCapability,
} from './contract/managers/volume-manager.js'

// Plugins

export type { CapabilityName, RuntimePlugin } from './contract/plugin.js'
export type {
  AbsentCapability,
  ProbeAttempt,
  ProbeOptions,
  ProbeResult,
  ProbeStep,
  RefusableField,
  RefusedOption,
} from './contract/probe.js'
export {
  type AvailableRuntime,
  type ReportedPlugin,
  type ReportedRefusal,
  type RuntimeReport,
  runtimeReportCapability,
  type UnavailableRuntime,
} from './contract/runtime-report.js'
export { isSlow, raiseLimitRemedy } from './errors/slow-probe.js'
export { type LoadPluginsOptions, loadPlugins } from './plugin/load-plugins.js'
export { type CandidateProbeOptions, type ProbeCandidatesOptions, probeCandidates } from './plugin/probe-candidates.js'
export { findRefusal, refuseField, refuseOptions, toAskedFields } from './plugin/refuse-options.js'
export { refuseUnlistedVolumes } from './plugin/refused-mounts.js'

// Host

export { createRuntimeHost } from './host/create-runtime-host.js'
export { parseProbeTimeout } from './host/probe-timeout.js'
export type { HostOptions, OpenOptions, RuntimeHost, RuntimeScope, RuntimeWarning } from './host/runtime-host.js'

// Features

export type { MissingCapability } from './contract/missing-capability.js'
export {
  defineNeeds,
  type FeatureContext,
  type InjectedManagers,
  type Needs,
  type RequiredManagers,
} from './contract/needs.js'
export { type FeatureSupport, requireManagers, toFeatureSupport } from './feature/feature-support.js'
export { injectable } from './feature/injectable.js'

// Errors

export type { ClosedRuntime } from './errors/create-closed-error.js'
export { createHostError } from './errors/create-host-error.js'
export { type AnyHostError, HostError, type HostErrorOptions, isHostError } from './errors/host-error.js'
export type { BuildSource, HostErrorCode, HostErrorFacts } from './errors/host-error-facts.js'
export { joinWords } from './errors/message.js'
export {
  ExitCodeUnknownError,
  MissingCapabilityError,
  OptionUnsupportedError,
  RuntimeUnavailableError,
} from './errors/named-errors.js'
export { listAskedReports, toAttemptLines, toCauseText, toUnavailableSubject } from './errors/unavailable.js'
export { findUndoFailures, withUndoFailures } from './errors/undo-failures.js'

// Operations

export {
  type LastingOperation,
  type Operation,
  OperationScope,
  type OperationScopeOptions,
  type OperationSubject,
  type RunOptions,
} from './operation/operation-scope.js'
export {
  createUndoStack,
  type UndoLimit,
  type UndoOptions,
  type UndoStack,
  type UndoStep,
} from './operation/undo-stack.js'
export { type DelayOptions, delay, type PollOptions, poll } from './operation/wait.js'

// Ownership

export type { Owner } from './contract/owner.js'
export { type Lifetime, ownershipLabelKeys, parseOwnerLabels, toOwnerLabels } from './contract/owner-labels.js'
export type { SweepItem, SweepObstacle, SweepOptions, SweepReport } from './contract/sweep-report.js'
export { hasLabels, isOurs } from './ownership/match-labels.js'
export { type OwnedObject, toObjectLabels } from './ownership/object-labels.js'
export { createRequestIdLabel } from './ownership/request-id.js'
export { toVolumeLabels } from './ownership/volume-labels.js'

// Signals

export { type Deadline, startDeadline } from './operation/signals/deadline.js'
export { type LinkedSignal, type LinkOptions, linkSignals } from './operation/signals/link-signals.js'
export { untilAborted } from './operation/signals/until-aborted.js'

// Streams

export { type InputPump, pumpInput } from './operation/streams/pump-input.js'
export { type OutputChunk, pumpOutput } from './operation/streams/pump-output.js'
export { SharedWriter } from './operation/streams/shared-writer.js'
export { TerminalEnd } from './operation/streams/terminal-end.js'

// Loading

export { loadCommonJs } from './plugin/load-commonjs.js'

// Validation

export { validateContainerConfig } from './validation/container-config.js'
export {
  validateEnv,
  validateId,
  validateImageReference,
  validateImageTag,
  validateLabels,
  validateName,
  validateSignal,
} from './validation/names.js'
export {
  validateBuild,
  validateExec,
  validateFirewallRules,
  validateLogOptions,
  validateStopOptions,
  validateTerminalSize,
} from './validation/operations.js'
export { toSidecarContainer } from './validation/sidecar-config.js'
export { withTimeouts } from './validation/timeouts.js'
