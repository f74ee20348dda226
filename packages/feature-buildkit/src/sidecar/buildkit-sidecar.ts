import type { ContainerConfig, OperationOptions } from '@capstan/core'
import type { BuildRequest } from '../build/build-request.js'
import type { BuildKitBuild } from '../build/buildkit-build.js'
import type { BuildKitPrivilege } from '../buildkit-options.js'
import type { PruneOptions } from '../control/control-client.js'
import type { BuildKitWorker, CacheRecord } from '../control/control-records.js'
import type { PrivilegeLevelResult } from './privilege-selection.js'

/**
 * A running BuildKit in a sidecar. Others with the same configuration may share the sidecar. Disposing releases it: it stops
 * after its last user.
 */
export interface BuildKitSidecar extends AsyncDisposable {
  /** The network of the sidecar. */
  readonly networkId: string
  readonly containerId: string
  /** The privilege level of the sidecar. */
  readonly privilege: BuildKitPrivilege
  /** The result of each level that this start tried or that the runtime refuses. The last one is `privilege`. */
  readonly privilegeLevels: readonly PrivilegeLevelResult[]
  /**
   * Returns the config of a container that can use this BuildKit: adds the daemon's socket on a shared volume, and
   * BUILDKIT_HOST. The network is unchanged.
   *
   * With `by: 'tcp'`, for a sidecar that was started with `tcp`: adds the network of the sidecar, and its address there.
   *
   * @throws MissingCapabilityError without volumes, and OptionUnsupportedError when a socket cannot be shared. `support()`
   * lists both in `missingOptional`.
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
  /** Creates a local unix socket for buildctl, buildx and others, and resolves with its address. Closed with the sidecar. */
  exposeSocket(path?: string): Promise<string>
  /** Keeps the sidecar running without users, also after the end of this process, until `letGo` or `stop`. Idempotent. */
  keep(options?: OperationOptions): Promise<void>
  /** Undoes `keep`, of any process: the sidecar stops after its last user. Does nothing if the sidecar is not kept. */
  letGo(options?: OperationOptions): Promise<void>
}

/** Options of `connect`. */
export interface ConnectOptions {
  /** Default `socket`. */
  readonly by?: 'socket' | 'tcp'
}
