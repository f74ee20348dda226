import type { BuildKitWorker, CacheRecord, PruneOptions } from '@capstan/buildkit-client'
import type { BuildKitBuild, BuildRequest } from '@capstan/buildkit-client/request'
import type { ContainerConfig, OperationOptions } from '@capstan/core'
import type { BuildHistory } from '../build/build-history.js'
import type { BuildKitPrivilege } from '../buildkit-options.js'
import type { PrivilegeLevelResult } from './privilege-selection.js'

/**
 * A running BuildKit in a sidecar, which other starts with the same name and configuration may share. Disposing ends the
 * running builds and calls of this object and releases its lease. The sidecar stops after its last lease.
 */
export interface BuildKitSidecar extends BuildHistory {
  /** The network of the sidecar. */
  readonly networkId: string
  readonly containerId: string
  /** The privilege level of the sidecar. */
  readonly privilege: BuildKitPrivilege
  /** The result of each level that this start tried or that the runtime does not support. The last one is `privilege`. */
  readonly privilegeLevels: readonly PrivilegeLevelResult[]
  /**
   * Returns the config of a container that can use this BuildKit: adds the daemon's socket on a shared volume, and
   * BUILDKIT_HOST. The network is unchanged.
   *
   * With `by: 'tcp'`, for a sidecar that was started with `tcp`: adds the network of the sidecar, and its address there.
   *
   * @throws HostError CAPABILITY_MISSING without volumes, OPTION_UNSUPPORTED when the container cannot mount the volume (both
   * are listed in `missingOptional` of `support()`), and INVALID_ARGUMENT for `by: 'tcp'` when the sidecar was started without
   * `tcp` or the container's network mode excludes networks.
   */
  connect(config: ContainerConfig, options?: ConnectOptions): ContainerConfig
  /** Starts a build at once. The caller need not read its events. */
  build(request: BuildRequest, options?: OperationOptions): BuildKitBuild
  /** Resolves with the workers, which run the steps of builds, and their platforms. */
  workers(options?: OperationOptions): Promise<readonly BuildKitWorker[]>
  /** Resolves with the records of the build cache. */
  diskUsage(options?: OperationOptions): Promise<readonly CacheRecord[]>
  /** Removes records that are not in use, and resolves with them. */
  prune(options?: PruneOptions): Promise<readonly CacheRecord[]>
  /**
   * Creates a Unix socket on this machine for buildctl, buildx and other clients, and resolves with its address (`unix://…`).
   * The socket is closed when this object is disposed. `path` is an absolute path that does not exist. Default: a path in a new
   * temporary directory.
   *
   * @throws HostError INVALID_ARGUMENT when the path is not absolute, OPERATION_FAILED when the socket cannot be created.
   */
  exposeSocket(path?: string): Promise<string>
  /** Keeps the sidecar running when no lease is held, also after this process ends, until `unpin` or `stop`. Idempotent. */
  pin(options?: OperationOptions): Promise<void>
  /** Undoes `pin`, of any process: the sidecar stops after its last lease. Does nothing if the sidecar is not pinned. */
  unpin(options?: OperationOptions): Promise<void>
}

/** Options of `connect`. */
export interface ConnectOptions {
  /** Default `socket`. */
  readonly by?: 'socket' | 'tcp'
}
