import { createHash } from 'node:crypto'
import { ownershipLabelKeys, type StringMap } from '@capstan/core'
import { type BuildKitOptions, defaultBuildKitImage } from '../buildkit-options.js'

/** What makes two starts the same, and what that is called. */
export interface Settings {
  readonly image: string
  readonly memoryBytes: number | undefined
  readonly cpus: number | undefined
  /** Of container and network. */
  readonly name: string
  /** Holds the daemon's cache. */
  readonly stateVolume: string
  /** Holds the daemon's socket. */
  readonly socketVolume: string
  /** By these it is known whose a thing with that name is. */
  readonly labels: StringMap
}

/** The name follows from the configuration, unless it is given: one configuration, one sidecar. */
export function toSettings({
  image = defaultBuildKitImage,
  memoryBytes,
  cpus,
  name: given,
}: BuildKitOptions): Settings {
  const configuration = createHash('sha256')
    .update(JSON.stringify([formatVersion, image, memoryBytes ?? null, cpus ?? null]))
    .digest('hex')
    .slice(0, 16)
  const name = given ?? `capstan-buildkit-${configuration}`
  return {
    image,
    memoryBytes,
    cpus,
    name,
    stateVolume: `${name}-state`,
    socketVolume: `${name}-socket`,
    labels: { [configurationLabel]: configuration, [ownershipLabelKeys.lifetime]: 'lease' },
  }
}

/** Whether what carries these labels was made for the same configuration. */
export function isSameConfiguration(labels: StringMap, settings: Settings): boolean {
  return labels[configurationLabel] === settings.labels[configurationLabel]
}

/** Changes when an older sidecar would not do: another entrypoint, other paths. */
const formatVersion = 1
const configurationLabel = 'buildkit.configuration'
