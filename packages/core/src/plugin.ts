// The API for authors of runtimes and features. It does not repeat the exports of `@capstan/core`.

// Capabilities and scopes

export { defineCapability } from './contract/capability.js'
export {
  type Environment,
  findHomeDirectory,
  findTemporaryDirectory,
  hostEnvironmentCapability,
} from './contract/environment.js'
export type { CapabilityScope, RegistrationScope } from './contract/scope.js'
export type { DependencyContainer } from './injection/di.js'

// Runtime

export type {
  ContainerNetwork,
  Device,
  Gpus,
  IpcMode,
  LogDriver,
  NetworkJoin,
  PidMode,
  Ulimit,
} from './contract/container/container-config.js'
export type { NetworkAttachment } from './contract/container/container-info.js'
export type { ExposedPort, PortBinding, Protocol } from './contract/container/ports.js'
export { toImageHome } from './contract/image/image-home.js'
export {
  dockerHub,
  type ImageReference,
  isImageId,
  parseImageReference,
  toFamiliarName,
  toFullName,
} from './contract/image/image-reference.js'
export {
  type LabelledImageConfig,
  parseOciImageConfig,
  toOciHealthcheck,
  toOciImageConfig,
} from './contract/image/oci-image-config.js'
export type { Argv, EnvMap, ListOptions, StringMap } from './contract/operation.js'
export type { HostAddressOptions } from './contract/runtime.js'
export { listRequestedSubnets, overlaps, parseSubnet, type Subnet, toAddressIn } from './contract/subnet.js'

// Managers

export { type BuiltInOption, builtInCapabilities } from './contract/managers/built-in-capabilities.js'
export type {
  ComposeDependency,
  ComposeDownOptions,
  ComposeResource,
  ComposeService,
  ComposeSettings,
  RunningComposeProject,
  ServiceContainer,
} from './contract/managers/compose-manager.js'
export type { SampleStream } from './contract/managers/container-stats.js'
export type { EventKind, EventSubscription } from './contract/managers/event-stream.js'
export type { FirewallDestination } from './contract/managers/firewall-manager.js'
export type { JobSecret, JobSettingsFile } from './contract/managers/job-manager.js'
export type { DisconnectContainerOptions, NetworkSubnet } from './contract/managers/network-manager.js'
export type { CreateVolumeOptions } from './contract/managers/volume-manager.js'

// Plugins

export type {
  ProbeAttempt,
  ProbeOptions,
  ProbeResult,
  ProbeStep,
  UnsupportedOption,
} from './contract/probe.js'
export {
  type AvailableRuntime,
  type ReportedCapability,
  type ReportedOption,
  runtimeReportCapability,
} from './contract/runtime-report.js'
export { hasTimedOutAttempt, probeTimeoutRemedy } from './errors/timed-out-attempt.js'
export { type CandidateProbeOptions, type ProbeCandidatesOptions, probeCandidates } from './plugins/probe-candidates.js'
export {
  addUnsupportedVolumeMounts,
  checkConfigOptions,
  checkOption,
  findUnsupportedOption,
  listUsedOptions,
} from './plugins/unsupported-options.js'

// Jobs

export { ContainerJobManager, unsupportedJobOptions } from './jobs/container-job-manager.js'

// Features

export type { FeatureContext, InjectedManagers, Needs, RequiredManagers } from './contract/needs.js'
export { requireManagers } from './feature/feature-support.js'
export { injectable } from './feature/injectable.js'

// Errors

export type { ClosedRuntime } from './errors/create-closed-error.js'
export { createHostError } from './errors/create-host-error.js'
export type { HostErrorOptions } from './errors/host-error.js'
export type { BuildSource, HostErrorFacts } from './errors/host-error-facts.js'
export { joinWords, toErrorText } from './errors/message.js'
export { redactUrlPassword, redactUrlPasswords } from './errors/redact.js'
export {
  formatUnavailableSummary,
  listRelevantReports,
  toAttemptLines,
  toCauseText,
} from './errors/unavailable-message.js'
export { findUndoFailures, withUndoFailures } from './errors/undo-failures.js'

// Operations

export {
  type LastingOperation,
  type Operation,
  type OperationNames,
  OperationScope,
  type OperationScopeOptions,
} from './operation/operation-scope.js'
export { createUndoStack, type UndoStack, type UndoStep, type UndoStepOptions } from './operation/undo-stack.js'
export { delay, poll } from './operation/wait.js'

// Ownership

export { ownershipLabelKeys, parseOwnerLabels, toOwnerLabels } from './contract/owner-labels.js'
export type { SweepItem } from './contract/sweep-report.js'
export {
  createRequestIdLabel,
  hasLabels,
  isListed,
  isSameOwner,
  type NewObject,
  toObjectLabels,
  toVolumeLabels,
} from './ownership/object-labels.js'
export { createProcessReader, type ProcessReader, type ProcessReaderSources } from './ownership/process-reader.js'

// Signals

export { type Deadline, startDeadline } from './operation/signals/deadline.js'
export { type LinkedSignal, linkSignals } from './operation/signals/link-signals.js'
export { untilAborted } from './operation/signals/until-aborted.js'

// Streams

export { CallerStreamWriter } from './operation/streams/caller-stream-writer.js'
export { createStream, type StreamCall, type StreamOptions } from './operation/streams/create-stream.js'
export { type EventSink, openEventSubscription } from './operation/streams/event-subscription.js'
export { createLogStream, type LogStreamOptions } from './operation/streams/log-stream.js'
export { type InputPump, pumpInput } from './operation/streams/pump-input.js'
export { type OutputChunk, pumpOutput } from './operation/streams/pump-output.js'
export { TerminalEof } from './operation/streams/terminal-eof.js'

// CommonJS dependencies in bundles

export { loadCommonJs } from './bundling/load-commonjs.js'

// Validation

export { check, checkInteger, checkOneOf, checkTimeout } from './validation/check.js'
export {
  type ScaledService,
  validateComposeDownOptions,
  validateComposeSource,
  validateComposeUpOptions,
  validateProjectName,
  validateScale,
} from './validation/compose.js'
export { validateContainerConfig } from './validation/container-config.js'
export { checkEngineName } from './validation/container-settings.js'
export { checkAddress, checkHostName, checkPlatform } from './validation/fields.js'
export {
  validateCommit,
  validateImageReferences,
  validateListImages,
  validatePull,
  validatePush,
  validatePushReference,
} from './validation/images.js'
export { validateJobConfig } from './validation/job-config.js'
export {
  validateId,
  validateImageReference,
  validateImageTag,
  validateLabels,
  validateName,
  validateSignal,
} from './validation/names.js'
export {
  defaultNetworkId,
  validateConnection,
  validateDisconnection,
  validateNetwork,
} from './validation/networks.js'
export {
  validateArchive,
  validateAttachOptions,
  validateBuild,
  validateContainerPath,
  validateContainerUpdate,
  validateEventOptions,
  validateExec,
  validateFirewallRules,
  validateHostAddressOptions,
  validateListContainersOptions,
  validateListOptions,
  validateLogOptions,
  validateRemoveOptions,
  validateStopOptions,
  validateTerminalSize,
  validateVolume,
} from './validation/operations.js'
export { parseSecondsToMs } from './validation/parse-probe-timeout.js'
export { type OptionKind, type OptionKinds, validatePluginOptions } from './validation/plugin-options.js'
export {
  type NewStoredObject,
  validateChangedEndpoint,
  validateServiceChange,
  validateServiceConfig,
  validateStoredObject,
} from './validation/service-config.js'
export { validateSidecarConfig } from './validation/sidecar-config.js'
export { resolveTimeouts } from './validation/timeouts.js'
