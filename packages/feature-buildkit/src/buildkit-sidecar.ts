import type { ContainerConfig, OperationOptions, StringMap } from '@capstan/core'
import type { BuildRequest } from './build/build-request.js'
import type { BuildKitBuild } from './build/buildkit-build.js'
import type { RungVerdict } from './start/ladder.js'
import type { BuildKitPrivilege } from './start/rungs.js'

/** BuildKit that has answered, in a sidecar which other users of the same configuration may share. */
export interface BuildKitSidecar extends AsyncDisposable {
  /** The network of its own. */
  readonly networkId: string
  readonly containerId: string
  /** The rung that it stands on. */
  readonly privilege: BuildKitPrivilege
  /** The result of each privilege level that this start tried or that the runtime refuses; the last one is `privilege`. */
  readonly rungs: readonly RungVerdict[]
  /**
   * The config of a container that is to use this BuildKit: adds its socket on a shared volume, and BUILDKIT_HOST.
   *
   * Its network stays as it is. Where a socket cannot be shared: CAPABILITY_MISSING for want of volumes, or
   * OPTION_UNSUPPORTED with the reason, either of which `support()` has listed in `lacks`.
   *
   * `by: 'tcp'`, for a sidecar that was started with `tcp`: adds its network instead, and its address there.
   */
  connect(config: ContainerConfig, options?: ConnectOptions): ContainerConfig
  /** Starts a build at once. Its events may be read or not; its result settles either way. */
  build(request: BuildRequest, options?: OperationOptions): BuildKitBuild
  /** What builds there, and for which platforms. */
  workers(options?: OperationOptions): Promise<readonly BuildKitWorker[]>
  /** The cache, entry by entry. */
  diskUsage(options?: OperationOptions): Promise<readonly CacheRecord[]>
  /** Removes what no build uses, and resolves with it. */
  prune(options?: PruneOptions): Promise<readonly CacheRecord[]>
  /** A local unix socket for buildctl, buildx and others; closed with the sidecar. Resolves with its address. */
  exposeSocket(path?: string): Promise<string>
  /** From now on it goes on without users, past the end of this process, until somebody lets it go. Idempotent. */
  keep(options?: OperationOptions): Promise<void>
  /** Takes back what `keep` did, whoever did it: it stops after its last user. Not kept: resolves. */
  letGo(options?: OperationOptions): Promise<void>
}

/** Options of `connect`. */
export interface ConnectOptions {
  /** Default `socket`. */
  readonly by?: 'socket' | 'tcp'
}

/** What builds in BuildKit. */
export interface BuildKitWorker {
  readonly id: string
  readonly labels: StringMap
  /** For example `linux/arm64`, `linux/amd64/v2`. */
  readonly platforms: readonly string[]
  /** Of BuildKit: `v0.32.2`; empty where it does not tell. */
  readonly version: string
}

/** One entry of the cache. */
export interface CacheRecord {
  readonly id: string
  readonly sizeBytes: number
  readonly inUse: boolean
  readonly description: string
  readonly createdAt: Date | undefined
  readonly lastUsedAt: Date | undefined
}

/** Options of `prune`. */
export interface PruneOptions extends OperationOptions {
  /** Also what is internal to BuildKit, or used by a cache mount. Default false. */
  readonly all?: boolean
  /** Keeps the newest of the cache up to this size. */
  readonly keepBytes?: number
}
