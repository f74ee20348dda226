import type { StringMap } from '@capstan/core/plugin'
import { type JsonReader, readList } from '../cli/json-reader.js'

/** One reference and its image, as `image list` and `image inspect` print it. */
export interface AppleImage {
  /** In full, with the registry's host. */
  readonly reference: string
  readonly id: string
  readonly createdAt: Date | undefined
  readonly sizeBytes: number | undefined
  /** `undefined` in lists of releases before 1.0. */
  readonly config: AppleImageConfig | undefined
}

export interface AppleImageConfig {
  readonly env: StringMap
  readonly user: string
  readonly labels: StringMap
}

/** Parses the output of `image list --format json` and `image inspect`. */
export function parseImages(operation: string, output: Uint8Array): readonly AppleImage[] {
  return readList(operation, output).map(toImage)
}

function toImage(entry: JsonReader): AppleImage {
  const configuration = entry.maybeObject('configuration')
  const descriptor = (configuration ?? entry).maybeObject('descriptor') ?? entry.object('index')
  // Variants of the platform `unknown` are attestations.
  const variant = entry.list('variants').find((listed) => listed.object('platform').maybeText('os') !== 'unknown')
  const image = variant?.maybeObject('config')
  return {
    reference: configuration?.text('name') ?? entry.maybeText('reference') ?? entry.text('name'),
    id: descriptor.text('digest'),
    createdAt: image?.date('created') ?? configuration?.date('creationDate'),
    sizeBytes: variant?.maybeNumber('size'),
    config: image === undefined ? undefined : toConfig(image.maybeObject('config')),
  }
}

function toConfig(config: JsonReader | undefined): AppleImageConfig {
  const env = (config?.texts('Env') ?? []).map((entry) => {
    const at = entry.indexOf('=')
    return at === -1 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)]
  })
  return { env: Object.fromEntries(env), user: config?.maybeText('User') ?? '', labels: config?.map('Labels') ?? {} }
}
