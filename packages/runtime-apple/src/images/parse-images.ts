import type { ImageHistoryEntry, ImageInspection } from '@capstan/core'
import { type LabelledImageConfig, parseOciImageConfig } from '@capstan/core/plugin'
import { type JsonReader, readList } from '../cli/json-reader.js'

/** One reference and its image, as `image list` and `image inspect` print it. */
export interface AppleImage {
  /** In full, with the registry's host. */
  readonly reference: string
  readonly id: string
  readonly createdAt: Date | undefined
  readonly sizeBytes: number | undefined
  /** `undefined` in lists of releases before 1.0; so is `details`. */
  readonly config: LabelledImageConfig | undefined
  readonly details: AppleImageDetails | undefined
}

/** The parts of an image's configuration that only an inspection needs. */
export interface AppleImageDetails extends Pick<ImageInspection, 'platform' | 'layers' | 'author'> {
  /** The steps, the first one first. */
  readonly history: readonly Omit<ImageHistoryEntry, 'id'>[]
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
    config: image && parseOciImageConfig(image.raw('config')),
    details: image && variant && toDetails(image, variant.object('platform')),
  }
}

function toDetails(image: JsonReader, platform: JsonReader): AppleImageDetails {
  const words = ['os', 'architecture', 'variant'].map((key) => platform.maybeText(key))
  return {
    platform: words.filter((word) => word !== undefined && word !== '').join('/'),
    layers: image.maybeObject('rootfs')?.texts('diff_ids') ?? [],
    author: image.maybeText('author') ?? '',
    history: image.list('history').map((step) => ({
      createdAt: step.date('created'),
      createdBy: step.maybeText('created_by') ?? '',
      // The command reports the size of no layer.
      sizeBytes: step.flag('empty_layer') ? 0 : undefined,
      comment: step.maybeText('comment') ?? '',
    })),
  }
}
