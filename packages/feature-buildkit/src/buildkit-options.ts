import {
  createHostError,
  type OperationOptions,
  type ProgressEvent,
  validateContainerConfig,
  validateImageReference,
  validateName,
} from '@capstan/core'
import type { BuildKitPrivilege } from './start/rungs.js'

/** How BuildKit is to be started. */
export interface BuildKitOptions extends OperationOptions {
  /** A reference, best with a digest. Default {@link defaultBuildKitImage}; pulled only where it is absent. */
  readonly image?: string
  /**
   * What the rung without root runs. Default: {@link defaultRootlessImage} where `image` is the default; otherwise there
   * is no such rung.
   */
  readonly rootlessImage?: string
  /** Users of one name and one configuration share one sidecar. Default: derived from the configuration. */
  readonly name?: string
  /** Limit of the sidecar's memory. Default: none. */
  readonly memoryBytes?: number
  /** How many CPUs the sidecar may use. Default: all. */
  readonly cpus?: number
  /** How much BuildKit keeps: it collects by itself what is over these. */
  readonly cache?: BuildKitCacheLimits
  /**
   * Name servers of the steps. Default: those of the sidecar; where these are of its loopback alone, as on networks of
   * Docker, BuildKit takes public ones.
   */
  readonly dns?: readonly string[]
  /** Listens on TCP, too, for `connect(config, { by: 'tcp' })`. Default: on no port. */
  readonly tcp?: BuildKitTcp
  /** Total wait, in milliseconds, from the start of the container until BuildKit answers; default 60 000. */
  readonly readyTimeoutMs?: number
  /** How long, in milliseconds, the sidecar waits for another user after this one was the last; default 500. */
  readonly graceMs?: number
  /** Called during a pull, once a second while BuildKit does not answer, for each skipped privilege level, and when ready. */
  readonly onProgress?: (event: BuildKitStartProgress) => void
}

/** An event between the call of `start` and its result. `id` is that of a layer for `pulling`, else `buildkit`. */
export type BuildKitStartProgress = ProgressEvent &
  (
    | { readonly phase: 'pulling'; readonly image: string }
    | { readonly phase: 'waiting' }
    /** `status` is the reason; the next privilege level is tried. */
    | { readonly phase: 'passed-over'; readonly privilege: BuildKitPrivilege }
    | { readonly phase: 'ready'; readonly privilege: BuildKitPrivilege }
  )

/** Limits of the cache, in bytes; in force from BuildKit v0.17.0 on. */
export interface BuildKitCacheLimits {
  /** Default 20 GB. */
  readonly maxUsedBytes?: number
  /** What is kept in any case; default 1 GB. */
  readonly reservedBytes?: number
  /** What is to stay free on the disk; default 5 GB. */
  readonly minFreeBytes?: number
}

/**
 * Who reaches the port owns the builder: other containers of its network, and the steps of builds. So it asks for
 * certificates that the caller gives, or is told in so many words to ask for none.
 */
export type BuildKitTcp =
  | { readonly port?: number; readonly certificates: BuildKitCertificates }
  | { readonly port?: number; readonly withoutCertificates: true }

/** In PEM. A client needs one of its own, from the same CA; the name in the daemon's is `buildkit`. */
export interface BuildKitCertificates {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** Options of a build that brings its own sidecar. */
export interface BuildKitBuildOptions extends BuildKitOptions {
  /** What builds where no sidecar can be had. Default `none`: the build fails then. */
  readonly fallback?: 'none' | 'runtime'
}

/** The release that this package was written for, by the digest of its index; the oldest that works is v0.13.0. */
export const defaultBuildKitImage: string =
  'moby/buildkit:v0.32.2@sha256:28a898719c18a33f4e8000685287fa36fd0dd9560c6440227d3a732d79bb41d8'

/** The same, for a daemon without root. */
export const defaultRootlessImage: string =
  'moby/buildkit:v0.32.2-rootless@sha256:504731e577c20559c00f968f33219f30115e70be29ab96728d1d06e963fc494b'

export const defaultTcpPort = 1234

export const defaultCacheLimits: Required<BuildKitCacheLimits> = {
  maxUsedBytes: 20e9,
  reservedBytes: 1e9,
  minFreeBytes: 5e9,
}

/** @throws HostError INVALID_ARGUMENT with the path of the field; it shows no key. */
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
    check(Number.isSafeInteger(value) && value >= 0, `cache.${field}`, 'a number of bytes', value)
  }
  checkTime('readyTimeoutMs', readyTimeoutMs ?? 1, { least: 1 })
  checkTime('graceMs', graceMs ?? 0, { least: 0 })
  if (tcp !== undefined) checkTcp(tcp)
}

function checkTcp(tcp: BuildKitTcp): void {
  const { port = defaultTcpPort } = tcp
  check(Number.isInteger(port) && port > 0 && port < 65_536, 'tcp.port', 'a port', port)
  if ('certificates' in tcp) checkCertificates(tcp.certificates)
  else check(tcp.withoutCertificates === true, 'tcp.certificates', 'given, or withoutCertificates: true', undefined)
}

function checkCertificates(certificates: BuildKitCertificates): void {
  for (const field of ['ca', 'cert', 'key'] as const) {
    const isPem = /^-----BEGIN [A-Z ]+-----$/m.test(certificates[field])
    check(isPem, `tcp.certificates.${field}`, 'a text in PEM', 'another one')
  }
}

function checkTime(field: string, value: number, { least }: { readonly least: number }): void {
  check(value >= least && value < 2 ** 31, field, `a number of milliseconds from ${least} on`, value)
}

function check(holds: boolean, field: string, expected: string, given: unknown): void {
  if (!holds) throw createHostError('INVALID_ARGUMENT', { field, expected, given: String(given) })
}
