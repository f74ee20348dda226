import type {
  Environment,
  ExecManager,
  ImageTransfer,
  NetworkManager,
  Runtime,
  RuntimeReport,
  SidecarManager,
  VolumeManager,
} from '@capstan/core'

/** What the feature works with, narrowed once: the optional ones are there or not. */
export interface BuildKitManagers {
  readonly runtime: Runtime
  readonly report: RuntimeReport
  readonly env: Environment
  readonly networks: NetworkManager
  readonly sidecars: SidecarManager
  readonly execs: ExecManager
  readonly images: ImageTransfer | undefined
  /** Also `undefined` where no container may mount one. */
  readonly volumes: VolumeManager | undefined
}
