import type {
  ContainerInfo,
  ContainerInspection,
  ContainerState,
  ImageInfo,
  ListContainersOptions,
} from '@capstan/core'
import { isImageId, toFullName } from '@capstan/core/plugin'
import { splitPair } from './key-values.js'
import { createOptionError } from './option-error.js'

/** The values of `--filter` of a list of containers, by docker's rules: those of one key are alternatives, except labels. */
export interface ContainerFilter {
  /** What the runtime filters. */
  readonly listOptions: Pick<ListContainersOptions, 'labels' | 'labelKeys' | 'states'>
  /** Whether containers that are not running are shown without `--all`, too. */
  readonly showsAll: boolean
  readonly needsInspection: boolean
  readonly needsImages: boolean
  /** Whether the other containers are needed, too. */
  readonly needsAll: boolean
  /** Whether a container passes the other filters. */
  matches(candidate: FilterCandidate): boolean
}

/** A container with what {@link ContainerFilter} needs. */
export interface FilterCandidate {
  readonly container: ContainerInfo
  /** Absent if the container was removed meanwhile. */
  readonly inspection: ContainerInspection | undefined
  /** All containers, for `before` and `since`. */
  readonly all: readonly ContainerInfo[]
  /** All images, for `ancestor`. */
  readonly images: readonly ImageInfo[]
}

/**
 * Parses `key=value` texts.
 *
 * @throws HostError INVALID_ARGUMENT naming `--filter` for an unknown key and an invalid value
 */
export function parseContainerFilter(texts: readonly string[]): ContainerFilter {
  const values = new Map<FilterKey, string[]>()
  for (const text of texts) {
    const [key, value] = splitPair(text)
    if (!isFilterKey(key) || value === undefined || value === '') throw createOptionError('--filter', filterText, text)
    values.set(key, [...(values.get(key) ?? []), value])
  }
  const labels = (values.get('label') ?? []).map(splitPair)
  const states = values.get('status')?.map(toState)
  const hasSome = (some: readonly FilterKey[]) => some.some((key) => values.has(key))
  const tests = [...values].map(([key, wanted]) => toTest(key, wanted))
  return {
    listOptions: {
      labels: Object.fromEntries(labels.filter((pair): pair is [string, string] => pair[1] !== undefined)),
      labelKeys: labels.filter(([, value]) => value === undefined).map(([key]) => key),
      ...(states && { states }),
    },
    showsAll: hasSome(['status', 'exited', 'before', 'since']),
    needsInspection: hasSome(['ancestor', 'exited', 'network']),
    needsImages: values.has('ancestor'),
    needsAll: values.has('before') || values.has('since'),
    matches: (candidate) => tests.every((test) => test(candidate)),
  }
}

type FilterKey = keyof typeof keys

/** The keys, each with an example of a value. */
const keys = {
  status: 'exited',
  label: 'KEY[=VALUE]',
  name: 'web',
  id: '1f3c',
  ancestor: 'busybox',
  exited: '0',
  health: 'healthy',
  before: 'web',
  since: 'web',
  network: 'bridge',
} as const

function isFilterKey(key: string): key is FilterKey {
  return Object.hasOwn(keys, key)
}

const filterText = `KEY=VALUE with one of the keys ${Object.keys(keys).join(', ')}`

/** The help of `--filter`. */
export const filterHelp: string = `Show only containers for which KEY=VALUE holds: ${Object.keys(keys).join(', ')} (repeatable)`

type FilterTest = (candidate: FilterCandidate) => boolean

/** Returns the test of one key, which the runtime does not apply. */
function toTest(key: FilterKey, wanted: readonly string[]): FilterTest {
  switch (key) {
    case 'label':
    case 'status':
      return () => true
    case 'name': {
      const patterns = wanted.map(toPattern)
      return ({ container: { name } }) => patterns.some((pattern) => pattern.test(name) || pattern.test(`/${name}`))
    }
    case 'id':
      return ({ container: { id } }) => wanted.some((start) => id.startsWith(start))
    case 'ancestor':
      return ({ container, inspection, images }) =>
        wanted.some((image) => isOfImage(image, { container, inspection, images }))
    case 'exited': {
      const codes = wanted.map(toExitCode)
      return ({ container, inspection }) =>
        container.state === 'exited' && codes.some((code) => code === inspection?.state.exitCode)
    }
    case 'health': {
      const healths = wanted.map(toHealth)
      return ({ container: { health = 'none' } }) => healths.includes(health)
    }
    case 'before':
    case 'since':
      return ({ container, all }) =>
        wanted.every((reference) => isOrdered(key, container, findContainer(all, reference)))
    case 'network':
      return ({ inspection }) =>
        wanted.some((network) =>
          inspection?.networks.some(
            ({ networkId, networkName }) => networkName === network || networkId.startsWith(network),
          ),
        )
  }
}

function toState(text: string): ContainerState {
  const state = text === 'removing' ? 'stopping' : text
  const found = states.find((known) => known === state)
  if (found === undefined) throw createOptionError('--filter status', `one of ${states.join(', ')}`, text)
  return found
}

const states = ['created', 'running', 'paused', 'restarting', 'stopping', 'exited', 'dead', 'unknown'] as const

function toPattern(text: string): RegExp {
  try {
    return new RegExp(text)
  } catch {
    throw createOptionError('--filter name', 'a name or a regular expression', text)
  }
}

function toExitCode(text: string): number {
  if (!/^\d+$/.test(text)) throw createOptionError('--filter exited', 'an exit code', text)
  return Number(text)
}

function toHealth(text: string): string {
  const known = ['starting', 'healthy', 'unhealthy', 'none']
  if (!known.includes(text)) throw createOptionError('--filter health', `one of ${known.join(', ')}`, text)
  return text
}

function findContainer(all: readonly ContainerInfo[], reference: string): ContainerInfo {
  const found = all.find(({ id, name }) => name === reference || id.startsWith(reference))
  if (found === undefined) throw createOptionError('--filter', 'an existing container', reference)
  return found
}

function isOrdered(key: 'before' | 'since', container: ContainerInfo, other: ContainerInfo): boolean {
  const [time, otherTime] = [container.createdAt?.getTime(), other.createdAt?.getTime()]
  if (container.id === other.id || time === undefined || otherTime === undefined) return false
  return key === 'before' ? time < otherTime : time > otherTime
}

function isOfImage(image: string, { container, inspection, images }: Omit<FilterCandidate, 'all'>): boolean {
  const isWanted = (reference: string) => !isImageId(reference) && toFullName(reference) === toFullName(image)
  if (isWanted(container.image)) return true
  const ids = images.filter(({ id, tags }) => tags.some(isWanted) || isIdOf(image, id)).map(({ id }) => id)
  return inspection !== undefined && ids.includes(inspection.imageId)
}

function isIdOf(text: string, id: string): boolean {
  const digest = id.replace(/^sha256:/, '')
  return /^(sha256:)?[0-9a-f]{4,64}$/.test(text) && digest.startsWith(text.replace(/^sha256:/, ''))
}
