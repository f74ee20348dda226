// The API for applications. The API for authors of runtimes and features is `@capstan/core/plugin`.

// Capabilities

export type { Capability } from './contract/capability.js'
export { findCapability, requireCapabilities } from './plugins/capability-access.js'

// Runtime

export type { AttachOptions, TerminalSize } from './contract/container/attach.js'
export type { ContainerConfig, CreateOptions, Mount, RestartPolicy } from './contract/container/container-config.js'
export type {
  ContainerInfo,
  ContainerInspection,
  ContainerState,
  ListContainersOptions,
  RemoveOptions,
  StopOptions,
} from './contract/container/container-info.js'
export type { ContainerHealth, Healthcheck } from './contract/container/healthcheck.js'
export type { LogChunk, LogOptions, LogStream } from './contract/container/logs.js'
export { type PortSpec, toReachableHost } from './contract/container/ports.js'
export type {
  ImageConfig,
  ImageHistoryEntry,
  ImageInfo,
  ImageInspection,
  ListImagesOptions,
  PullOptions,
  PullProgress,
  PushOptions,
  PushProgress,
  RegistryCredentials,
} from './contract/image/image.js'
export type { OperationOptions, ProgressEvent } from './contract/operation.js'
export { type Runtime, runtimeCapability } from './contract/runtime.js'

// Managers

export {
  type BuildService,
  type BuildSessionHeaders,
  buildServiceCapability,
} from './contract/managers/build-service.js'
export {
  type ComposeManager,
  type ComposeProgress,
  type ComposeProject,
  type ComposeSource,
  type ComposeUpOptions,
  composeManagerCapability,
  type ProjectInfo,
  type ServiceState,
} from './contract/managers/compose-manager.js'
export {
  type ContainerControl,
  type ContainerProcess,
  type ContainerUpdate,
  containerControlCapability,
} from './contract/managers/container-control.js'
export {
  type ContainerSample,
  type ContainerStats,
  containerStatsCapability,
} from './contract/managers/container-stats.js'
export {
  type EventOptions,
  type EventStream,
  eventStreamCapability,
  type RuntimeEvent,
} from './contract/managers/event-stream.js'
export {
  type ExecManager,
  type ExecOptions,
  type ExecProcess,
  execManagerCapability,
} from './contract/managers/exec-manager.js'
export { type FileTransfer, fileTransferCapability, type PathStat } from './contract/managers/file-transfer.js'
export {
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
export {
  type CommitOptions,
  type ImageChanges,
  type ImageManager,
  imageManagerCapability,
} from './contract/managers/image-manager.js'
export { type ImageTransfer, imageTransferCapability } from './contract/managers/image-transfer.js'
export {
  type JobConfig,
  type JobManager,
  type JobResult,
  jobManagerCapability,
  type RunJobOptions,
} from './contract/managers/job-manager.js'
export {
  type ConnectContainerOptions,
  type CreateNetworkOptions,
  type NetworkInfo,
  type NetworkInspection,
  type NetworkManager,
  type NetworkMember,
  networkManagerCapability,
  type SubnetConfig,
} from './contract/managers/network-manager.js'
export {
  type SidecarConfig,
  type SidecarManager,
  sidecarManagerCapability,
} from './contract/managers/sidecar-manager.js'
export {
  type ConvergeOptions,
  type CreateConfigOptions,
  type CreateSecretOptions,
  type NodeInfo,
  type ServiceChange,
  type ServiceConfig,
  type ServiceInfo,
  type ServiceInspection,
  type ServiceLogChunk,
  type ServiceLogStream,
  type ServicePort,
  type ServiceProgress,
  type ServiceUpdate,
  type StoredObjectInfo,
  type SwarmManager,
  swarmManagerCapability,
  type TaskInfo,
  type TaskState,
  type UpdatePolicy,
} from './contract/managers/swarm-manager.js'
export { type VolumeInfo, type VolumeManager, volumeManagerCapability } from './contract/managers/volume-manager.js'

// Plugins

export type { RuntimePlugin } from './contract/plugin.js'
export type { MissingCapability, OptionName, RuntimeLocation } from './contract/probe.js'
export type { RuntimeReport } from './contract/runtime-report.js'
export { type LoadPluginsOptions, loadPlugins } from './plugins/load-plugins.js'

// Host

export type { HostOptions, OpenOptions, RuntimeHost, RuntimeScope, RuntimeWarning } from './contract/runtime-host.js'
export { createRuntimeHost } from './host/create-runtime-host.js'

// Features

export { defineNeeds } from './contract/needs.js'
export { type FeatureSupport, toFeatureSupport } from './feature/feature-support.js'

// Errors

export {
  type AnyHostError,
  ExitCodeUnknownError,
  HostError,
  isHostError,
  MissingCapabilityError,
  OptionUnsupportedError,
  RuntimeUnavailableError,
} from './errors/host-error.js'
export type { HostErrorCode } from './errors/host-error-facts.js'
export { describeError } from './errors/message.js'

// Ownership

export type { SweepOptions, SweepReport } from './contract/sweep-report.js'
