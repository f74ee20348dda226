import type { OperationOptions, ProgressEvent } from '@capstan/core'
import { createHostError, validateContainerConfig, validateImageReference, validateName } from '@capstan/core/plugin'

/**
 * `image`, `rootlessImage`, `memoryBytes`, `cpus`, `cache`, `dns` and `tcp` are the configuration of a sidecar. The other
 * fields except `name` apply to one start.
 */
export interface BuildKitOptions extends OperationOptions {
  /** An image reference, preferably with a digest. Default {@link defaultBuildKitImage}. Pulled if it is absent. */
  readonly image?: string
  /**
   * The image for the privilege level `rootless`. Default: {@link defaultRootlessImage} if `image` is not given. Otherwise the
   * level is not available.
   */
  readonly rootlessImage?: string
  /**
   * The name of the sidecar's container. Starts with the same name and configuration share one sidecar. A start with the same
   * name and another configuration rejects with NAME_CONFLICT. Default: derived from the configuration.
   */
  readonly name?: string
  /** The memory limit of the sidecar. Default: none. */
  readonly memoryBytes?: number
  /** The CPU limit of the sidecar. Default: none. */
  readonly cpus?: number
  /** The limits of BuildKit's garbage collection. */
  readonly cache?: BuildKitCacheLimits
  /**
   * The name servers of build steps. Default: those of the sidecar. If these are loopback addresses, as on Docker's networks,
   * BuildKit uses public name servers.
   */
  readonly dns?: readonly string[]
  /** Also listens on TCP, for `connect(config, { by: 'tcp' })`. Default: no port. */
  readonly tcp?: BuildKitTcp
  /**
   * Time limit, in milliseconds, until BuildKit is ready. Begins again for each sidecar that is tried, when it has been started
   * or found, so a start that skips privilege levels can take longer. Default 60 000.
   */
  readonly readyTimeoutMs?: number
  /**
   * How long, in milliseconds, a released lease still keeps the sidecar running, so that a next start can share it. Disposing
   * takes at least this time. Default 500.
   */
  readonly graceMs?: number
  /** Called during a pull, once a second until BuildKit is ready, for each failed privilege level, and when ready. */
  readonly onProgress?: (event: BuildKitStartProgress) => void
}

/**
 * How the sidecar's container is isolated. Tried in this order: `privileged`, a privileged container; `rootless`, the rootless
 * image, without seccomp, AppArmor and masked paths; `added-capabilities`, with SYS_ADMIN and without seccomp and AppArmor;
 * `all-capabilities`, with all Linux capabilities.
 */
export type BuildKitPrivilege = 'privileged' | 'rootless' | 'added-capabilities' | 'all-capabilities'

/** An event during a start. `id` is the id of a layer in phase `pulling`, otherwise `buildkit`. */
export type BuildKitStartProgress = ProgressEvent &
  (
    | { readonly phase: 'pulling'; readonly image: string }
    | { readonly phase: 'waiting' }
    /** `status` is the reason. The next privilege level is tried, if there is one. */
    | { readonly phase: 'skipped'; readonly privilege: BuildKitPrivilege }
    | { readonly phase: 'ready'; readonly privilege: BuildKitPrivilege }
  )

/** The limits of the build cache, in bytes. They require BuildKit v0.17.0 or later. */
export interface BuildKitCacheLimits {
  /** The maximum size of the cache. Default 20 GB. */
  readonly maxUsedBytes?: number
  /** The size that is never collected. Default 1 GB. */
  readonly reservedBytes?: number
  /** The free disk space to maintain. Default 5 GB. */
  readonly minFreeBytes?: number
}

/**
 * The TCP port of the daemon, by default 1234. Other containers of its network and the steps of builds can reach it. Without
 * certificates, each of them controls the builder, so certificates are required unless the caller explicitly asks for none.
 */
export type BuildKitTcp =
  | { readonly port?: number; readonly certificates: BuildKitCertificates }
  | { readonly port?: number; readonly withoutCertificates: true }

/**
 * The daemon's certificate and key, and the CA, as PEM texts. The certificate must be valid for the DNS name `buildkit`. On a
 * runtime without network aliases, clients connect by IP address and must set the server name `buildkit`. Clients need
 * certificates of the same CA.
 */
export interface BuildKitCertificates {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** Options of `BuildKitFeature.build`: those of the start, the builder, and the fallback. */
export interface BuildKitBuildOptions extends BuildKitOptions {
  /**
   * `engine`: the engine's own BuildKit. `sidecar`: BuildKit in a sidecar. Default `auto`: the engine's own if it supports the
   * request, else a sidecar.
   */
  readonly builder?: 'auto' | 'engine' | 'sidecar'
  /** The builder to use when BuildKit is not available: no sidecar can be started or the runtime cannot load images. Default `none`: the build fails. */
  readonly fallback?: 'none' | 'runtime'
}

/** Options of `BuildKitFeature.findHistory`: the sidecar, and whose history it is. */
export interface FindHistoryOptions extends BuildKitOptions {
  /** Default `auto`: that of the engine's own BuildKit, else that of the running sidecar. */
  readonly builder?: 'auto' | 'engine' | 'sidecar'
}

/** The release that this package was written for, with the digest of its index. The oldest supported one is v0.13.0. */
export const defaultBuildKitImage: string =
  'moby/buildkit:v0.32.2@sha256:28a898719c18a33f4e8000685287fa36fd0dd9560c6440227d3a732d79bb41d8'

/** The rootless image of the same release. */
export const defaultRootlessImage: string =
  'moby/buildkit:v0.32.2-rootless@sha256:504731e577c20559c00f968f33219f30115e70be29ab96728d1d06e963fc494b'

export const defaultTcpPort = 1234

export const defaultCacheLimits: Required<BuildKitCacheLimits> = {
  maxUsedBytes: 20e9,
  reservedBytes: 1e9,
  minFreeBytes: 5e9,
}

/** @throws HostError INVALID_ARGUMENT with the path of the field. The error contains no key. */
export function validateBuildKitOptions(options: BuildKitOptions): void {
  const { image, rootlessImage, name, memoryBytes, cpus, dns, cache = {}, tcp, readyTimeoutMs, graceMs } = options
  if (image !== undefined) validateImageReference(image)
  if (rootlessImage !== undefined) validateImageReference(rootlessImage, 'rootlessImage')
  if (name !== undefined) validateName(name)
  validateContainerConfig({
    image: image ?? defaultBuildKitImage,
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ...(cpus === undefined ? {} : { cpus }),
    ...(dns === undefined ? {} : { dns }),
  })
  for (const [field, value] of Object.entries(cache)) {
    checkBytes(`cache.${field}`, value)
  }
  checkTime('readyTimeoutMs', readyTimeoutMs ?? 1, { min: 1 })
  checkTime('graceMs', graceMs ?? 0, { min: 0 })
  if (tcp !== undefined) checkTcp(tcp)
}

function checkBytes(field: string, value: number): void {
  check(Number.isSafeInteger(value) && value >= 0, field, 'a non-negative integer (bytes)', value)
}

function checkTcp(tcp: BuildKitTcp): void {
  const { port = defaultTcpPort } = tcp
  check(Number.isInteger(port) && port > 0 && port < 65_536, 'tcp.port', 'an integer from 1 to 65535', port)
  const expected = 'set, unless tcp.withoutCertificates is true'
  if ('certificates' in tcp) checkCertificates(tcp.certificates)
  else check(tcp.withoutCertificates === true, 'tcp.certificates', expected, undefined)
}

function checkCertificates(certificates: BuildKitCertificates): void {
  for (const field of ['ca', 'cert', 'key'] as const) {
    const isPem = /^-----BEGIN [A-Z ]+-----$/m.test(certificates[field])
    check(isPem, `tcp.certificates.${field}`, 'PEM text', 'text that is not PEM')
  }
}

function checkTime(field: string, value: number, { min }: { readonly min: number }): void {
  check(value >= min && value < 2 ** 31, field, `a number of milliseconds, at least ${min}`, value)
}

function check(isValid: boolean, field: string, expected: string, given: unknown): void {
  if (!isValid) throw createHostError('INVALID_ARGUMENT', { field, expected, given: String(given) })
}
