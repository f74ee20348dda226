import { createHash } from 'node:crypto'
import { ownershipLabelKeys, type StringMap } from '@capstan/core'
import {
  type BuildKitCertificates,
  type BuildKitOptions,
  defaultBuildKitImage,
  defaultCacheLimits,
  defaultRootlessImage,
  defaultTcpPort,
} from '../buildkit-options.js'
import type { DaemonSettings } from './daemon-config.js'

/** What makes two starts the same, and what that is called. */
export interface Settings {
  readonly image: string
  /** `undefined`: there is no rung without root. */
  readonly rootlessImage: string | undefined
  readonly memoryBytes: number | undefined
  readonly cpus: number | undefined
  readonly daemon: Omit<DaemonSettings, 'certificates'>
  /** `certificates` of its own: it was asked in so many words for none. */
  readonly tcp: { readonly port: number; readonly certificates: BuildKitCertificates | undefined } | undefined
  /** Of the sidecar. */
  readonly name: string
  /** By these it is known whose a thing with that name is. */
  readonly labels: StringMap
}

/** The name follows from the configuration, unless it is given: one configuration, one sidecar. */
export function toSettings(options: BuildKitOptions): Settings {
  const chosen = toChosen(options)
  const text = JSON.stringify([formatVersion, chosen], (_key, value: unknown) => value ?? null)
  const configuration = createHash('sha256').update(text).digest('hex').slice(0, 16)
  const name = options.name ?? `capstan-buildkit-${configuration}`
  return {
    ...chosen,
    name,
    labels: { [configurationLabel]: configuration, [ownershipLabelKeys.lifetime]: 'lease' },
  }
}

/** Whether what carries these labels was made for the same configuration. */
export function isSameConfiguration(labels: StringMap, settings: Settings): boolean {
  return labels[configurationLabel] === settings.labels[configurationLabel]
}

function toChosen({ image, rootlessImage, memoryBytes, cpus, cache, dns = [], tcp }: BuildKitOptions) {
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

/** Changes when an older sidecar would not do: another entrypoint, other paths. */
const formatVersion = 4
const configurationLabel = 'buildkit.configuration'
