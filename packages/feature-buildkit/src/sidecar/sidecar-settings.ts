import { createHash } from 'node:crypto'
import { ownershipLabelKeys, type StringMap } from '@capstan/core/plugin'
import {
  type BuildKitCertificates,
  type BuildKitOptions,
  defaultBuildKitImage,
  defaultCacheLimits,
  defaultRootlessImage,
  defaultTcpPort,
} from '../buildkit-options.js'
import type { DaemonSettings } from './daemon-script.js'

/** The configuration of a sidecar, its name and its labels. Starts with the same name and configuration share one sidecar. */
export interface SidecarSettings {
  readonly image: string
  /** `undefined`: the rootless level is not available. */
  readonly rootlessImage: string | undefined
  readonly memoryBytes: number | undefined
  readonly cpus: number | undefined
  readonly daemon: DaemonSettings
  /** `certificates` is `undefined` when the caller has explicitly asked for none. */
  readonly tcp: { readonly port: number; readonly certificates: BuildKitCertificates | undefined } | undefined
  /** The name of the sidecar's container. */
  readonly name: string
  /** The labels of everything that is created for the sidecar. */
  readonly labels: StringMap
}

/** Completes the options by their defaults. Unless a name is given, it is derived from the configuration. */
export function toSettings(options: BuildKitOptions): SidecarSettings {
  const configuration = toConfiguration(options)
  const text = JSON.stringify([formatVersion, configuration], (_key, value: unknown) => value ?? null)
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16)
  const name = options.name ?? `capstan-buildkit-${hash}`
  // A sweep keeps the objects of a running sidecar, also after the process that created them has ended.
  const labels = { [configurationLabel]: hash, [ownershipLabelKeys.lifetime]: 'lease' }
  return { ...configuration, name, labels }
}

/** Whether an object with these labels was created for the same configuration. */
export function isSameConfiguration(labels: StringMap, settings: SidecarSettings): boolean {
  return labels[configurationLabel] === settings.labels[configurationLabel]
}

function toConfiguration({ image, rootlessImage, memoryBytes, cpus, cache, dns = [], tcp }: BuildKitOptions) {
  return {
    image: image ?? defaultBuildKitImage,
    rootlessImage: rootlessImage ?? (image === undefined ? defaultRootlessImage : undefined),
    memoryBytes,
    cpus,
    daemon: { cache: { ...defaultCacheLimits, ...cache }, dns },
    tcp: tcp && {
      port: tcp.port ?? defaultTcpPort,
      certificates: 'certificates' in tcp ? tcp.certificates : undefined,
    },
  }
}

/**
 * Part of the hash. Increase this when the scripts or paths in the sidecar change, so that versions of Capstan that do not
 * match never share a sidecar.
 */
const formatVersion = 7
const configurationLabel = 'buildkit.configuration'
