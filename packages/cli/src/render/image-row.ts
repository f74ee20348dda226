import type { ImageHistoryEntry, ImageInfo } from '@capstan/core'
import { parseImageReference } from '@capstan/core/plugin'
import prettyBytes from 'pretty-bytes'
import { toAge, toPeriod } from './duration.js'
import { toOneLine } from './printable.js'
import type { Row } from './row-format.js'
import { cutLine } from './text.js'

/** The name of a field of an image in `--format`, as in docker. */
export type ImageField = 'ID' | 'Repository' | 'Tag' | 'Digest' | 'CreatedSince' | 'CreatedAt' | 'Size'

/** The titles of the fields. */
export const imageTitles: Row<ImageField> = {
  ID: 'IMAGE ID',
  Repository: 'REPOSITORY',
  Tag: 'TAG',
  Digest: 'DIGEST',
  CreatedSince: 'CREATED',
  CreatedAt: 'CREATED AT',
  Size: 'SIZE',
}

/** How rows of images and of their history are shown. */
export interface ImageRowOptions {
  readonly now: Date
  /** Whether IDs and commands are shortened. */
  readonly truncate: boolean
}

/** Returns the rows of an image: one for each tag, or one for an image without tags. */
export function toImageRows(image: ImageInfo, options: ImageRowOptions): readonly Row<ImageField>[] {
  const { tags, digests } = image
  if (tags.length > 0) return tags.map((reference) => toImageRow(image, reference, options))
  const repositories = new Set(digests.map((digest) => parseImageReference(digest).name))
  const names = repositories.size === 0 ? [none] : [...repositories]
  return names.map((name) => toImageRow(image, name === none ? undefined : name, options))
}

function toImageRow(
  { id, digests, createdAt, sizeBytes }: ImageInfo,
  reference: string | undefined,
  { now, truncate }: ImageRowOptions,
): Row<ImageField> {
  const { name = none, tag = none } = reference === undefined ? {} : parseImageReference(reference)
  const digest = digests.map(parseImageReference).find((one) => one.name === name)?.digest
  return {
    ID: truncate ? toShortImageId(id) : id,
    Repository: name,
    Tag: tag,
    Digest: digest ?? none,
    CreatedSince: toAge(createdAt, now),
    CreatedAt: createdAt?.toISOString() ?? '',
    Size: toSize(sizeBytes),
  }
}

/** The name of a field of a step of an image in `--format`, as in docker. */
export type HistoryField = 'ID' | 'CreatedSince' | 'CreatedAt' | 'CreatedBy' | 'Size' | 'Comment'

/** The titles of the fields. */
export const historyTitles: Row<HistoryField> = {
  ID: 'IMAGE',
  CreatedSince: 'CREATED',
  CreatedAt: 'CREATED AT',
  CreatedBy: 'CREATED BY',
  Size: 'SIZE',
  Comment: 'COMMENT',
}

/** Returns the fields of a step. With `human` false, the size is a number of bytes. */
export function toHistoryRow(
  { id, createdAt, createdBy, sizeBytes, comment }: ImageHistoryEntry,
  { now, truncate, human }: ImageRowOptions & { readonly human: boolean },
): Row<HistoryField> {
  const command = toOneLine(createdBy)
  const period = toPeriod(createdAt, now)
  return {
    ID: id === undefined ? '<missing>' : truncate ? toShortImageId(id) : id,
    CreatedSince: period === '' ? '' : `${period} ago`,
    CreatedAt: createdAt?.toISOString() ?? '',
    CreatedBy: truncate ? cutLine(command, maxCommandWidth) : command,
    Size: human ? toSize(sizeBytes) : String(sizeBytes ?? ''),
    Comment: comment,
  }
}

/** Formats a size as docker's lists do: `1.99MB`. The empty string where it is unknown. */
function toSize(bytes: number | undefined): string {
  return bytes === undefined ? '' : prettyBytes(bytes, { space: false })
}

/** Returns the first 12 digits of an ID. */
function toShortImageId(id: string): string {
  return id.replace('sha256:', '').slice(0, 12)
}

const none = '<none>'
const maxCommandWidth = 45
