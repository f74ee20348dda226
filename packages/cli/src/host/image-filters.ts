import type { ImageInfo } from '@capstan/core'
import { parseImageReference, toFamiliarName, toFullName } from '@capstan/core/plugin'
import { CliError } from '../errors/cli-error.js'
import { splitPair } from '../options/key-values.js'
import { createOptionError } from '../options/option-error.js'
import { pickImage } from './find-image.js'

/** Whether the list shows an image. `all` are the images of the engine. */
export type ImageFilter = (image: ImageInfo, all: readonly ImageInfo[]) => boolean

/**
 * Parses the values of `--filter` of `capstan images`: those of docker. Several values of one key select the images that one of
 * them selects, except labels, of which an image has all.
 *
 * @throws HostError INVALID_ARGUMENT naming the option
 */
export function parseImageFilters(texts: readonly string[]): ImageFilter {
  const filters = texts.map((text) => {
    const [key, value] = splitPair(text)
    const create = Object.hasOwn(filterKinds, key) ? filterKinds[key] : undefined
    if (create === undefined || !value) throw createOptionError('--filter', expected, text)
    return { key, accepts: create(value, text) }
  })
  const labels = filters.filter(({ key }) => key === 'label')
  const others = groupByKey(filters)
  return (image, all) =>
    labels.every(({ accepts }) => accepts(image, all)) &&
    [...others.values()].every((group) => group.some(({ accepts }) => accepts(image, all)))
}

/** Returns a filter for images of a repository, or of one tag: `busybox`, `busybox:1`, `registry.example/*:1`. */
export function toReferenceFilter(pattern: string): ImageFilter {
  const toRegExp = (text: string) =>
    new RegExp(
      `^${text
        .replace(/[.+^${}()|\\]/g, '\\$&')
        .replaceAll('*', '[^/]*')
        .replaceAll('?', '[^/]')}$`,
    )
  const wanted = toRegExp(toFamiliarName(pattern))
  return ({ tags, digests }) =>
    [...tags, ...digests].some(
      (reference) => wanted.test(reference) || wanted.test(parseImageReference(reference).name),
    )
}

interface KeyedFilter {
  readonly key: string
  readonly accepts: ImageFilter
}

function groupByKey(filters: readonly KeyedFilter[]): ReadonlyMap<string, readonly KeyedFilter[]> {
  const groups = new Map<string, readonly KeyedFilter[]>()
  for (const filter of filters) {
    if (filter.key !== 'label') groups.set(filter.key, [...(groups.get(filter.key) ?? []), filter])
  }
  return groups
}

const filterKinds: Readonly<Record<string, (value: string, text: string) => ImageFilter>> = {
  dangling: (value, text) => {
    const isWanted = toBoolean(value, text)
    return ({ tags }) => (tags.length === 0) === isWanted
  },
  label: (value) => {
    const [key, wanted] = splitPair(value)
    return ({ labels }) => Object.hasOwn(labels, key) && (wanted === undefined || labels[key] === wanted)
  },
  reference: toReferenceFilter,
  before: (value) => (image, all) => toTime(image) < toTime(requireImage(all, value)),
  since: (value) => (image, all) => toTime(image) > toTime(requireImage(all, value)),
}

const expected = 'dangling=true, label=KEY, label=KEY=VALUE, reference=PATTERN, before=IMAGE or since=IMAGE'

function toBoolean(value: string, text: string): boolean {
  if (['1', 'true'].includes(value.toLowerCase())) return true
  if (['0', 'false'].includes(value.toLowerCase())) return false
  throw createOptionError('--filter', 'dangling=true or dangling=false', text)
}

function requireImage(all: readonly ImageInfo[], reference: string): ImageInfo {
  const tag = toFamiliarName(toFullName(reference))
  const id = pickImage(all, reference)
  const found = all.find((image) => image.tags.includes(tag) || image.id === id)
  if (found === undefined) throw new CliError(`there is no image "${reference}", which --filter names`)
  return found
}

function toTime({ createdAt }: ImageInfo): number {
  return createdAt?.getTime() ?? 0
}
