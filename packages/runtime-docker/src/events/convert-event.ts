import type { RuntimeEvent } from '@capstan/core'
import { type StringMap, toFamiliarName } from '@capstan/core/plugin'
import { asString, type JsonObject, toObject } from '../engine/json-values.js'

/** A message of the engine, with its exact time in nanoseconds since 1970, which a number cannot represent. */
export interface EngineMessage {
  readonly value: JsonObject
  readonly timeNano: bigint
}

/** Reads the field `timeNano` of a line. 0 if it has none. In a text of JSON, its quotes would be escaped. */
export function readTimeNano(line: string): bigint {
  return BigInt(/"timeNano":(\d+)/.exec(line)?.[1] ?? 0)
}

/** Converts a time to nanoseconds since 1970. */
export function toNanoseconds(moment: Date | string): bigint {
  if (moment instanceof Date) return BigInt(moment.getTime()) * 1_000_000n
  const [, fraction = ''] = /\.(\d+)/.exec(moment) ?? []
  const seconds = BigInt(Date.parse(moment.replace(/\.\d+/, '')) / 1000)
  return seconds * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))
}

/** Converts a message; `undefined` for one that the contract does not have, such as those of execs. */
export function toRuntimeEvent({ value, timeNano }: EngineMessage): RuntimeEvent | undefined {
  const { Type, Action, Actor, HealthStatus } = value
  const { ID, Attributes } = toObject(Actor)
  const convert = typeof Type === 'string' ? converters[Type] : undefined
  return convert?.({
    action: asString(Action) ?? '',
    id: asString(ID) ?? '',
    attributes: toObject(Attributes),
    health: asString(HealthStatus),
    timestamp: toTimestamp(timeNano),
  })
}

interface EventSource {
  readonly action: string
  readonly id: string
  readonly attributes: JsonObject
  /** The status after a health check, on Podman. */
  readonly health: string | undefined
  readonly timestamp: string
}

const converters: Readonly<Record<string, (source: EventSource) => RuntimeEvent | undefined>> = {
  container: toContainerEvent,
  image: toImageEvent,
  network: toNetworkEvent,
  volume: toVolumeEvent,
}

function toContainerEvent(source: EventSource): RuntimeEvent | undefined {
  const { action, id, attributes, timestamp } = source
  const known = containerActions[action]
  const health = known === undefined ? readHealth(source) : undefined
  if (known === undefined && health === undefined) return undefined
  const object = {
    timestamp,
    kind: 'container',
    id,
    name: asString(attributes.name) ?? '',
    image: toFamiliarName(asString(attributes.image) ?? ''),
    labels: toLabels(attributes),
  } as const
  if (known === 'exited') return { ...object, action: known, exitCode: readExitCode(attributes) }
  if (known !== undefined) return { ...object, action: known }
  return health === undefined ? undefined : { ...object, action: 'health', health }
}

/** Docker appends the status to the action; Podman has a field for it. */
function readHealth({ action, health }: EventSource): 'starting' | 'healthy' | 'unhealthy' | undefined {
  if (!action.startsWith('health_status')) return undefined
  const status = action.slice('health_status: '.length) || health
  return status === 'starting' || status === 'healthy' || status === 'unhealthy' ? status : undefined
}

function readExitCode({ exitCode }: JsonObject): number | undefined {
  const text = asString(exitCode)
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}

/** The attributes of a container are its labels and some values of the engine, which replace labels of the same name. */
function toLabels(attributes: JsonObject): StringMap {
  const labels: Record<string, string> = {}
  for (const key in attributes) {
    const value = attributes[key]
    if (typeof value === 'string' && !engineAttributes.has(key)) labels[key] = value
  }
  return labels
}

function toImageEvent({ action, id, attributes, timestamp }: EventSource): RuntimeEvent | undefined {
  const known = imageActions[action]
  if (known === undefined) return undefined
  const name = asString(attributes.name)
  // For a pull, Docker reports the reference in place of the id; for an untag and a removal, the id in place of the reference.
  const reference = known === 'pulled' ? id || name : known === 'removed' || isImageId(name) ? undefined : name
  return {
    timestamp,
    kind: 'image',
    action: known,
    id: isImageId(id) ? toImageId(id) : undefined,
    reference: reference === undefined ? undefined : toFamiliarName(reference),
  }
}

function isImageId(text: string | undefined): boolean {
  return text !== undefined && /^(sha256:)?[0-9a-f]{64}$/.test(text)
}

function toImageId(id: string): string {
  return id.startsWith('sha256:') ? id : `sha256:${id}`
}

function toNetworkEvent({ action, id, attributes, timestamp }: EventSource): RuntimeEvent | undefined {
  const object = { timestamp, kind: 'network', id, name: asString(attributes.name) ?? '' } as const
  const containerId = asString(attributes.container)
  if (action === 'create' || action === 'destroy') {
    return { ...object, action: action === 'create' ? 'created' : 'removed' }
  }
  if (containerId === undefined || (action !== 'connect' && action !== 'disconnect')) return undefined
  return { ...object, action: action === 'connect' ? 'connected' : 'disconnected', containerId }
}

/** Podman reports the name only as an attribute. */
function toVolumeEvent({ action, id, attributes, timestamp }: EventSource): RuntimeEvent | undefined {
  const name = id === '' ? (asString(attributes.name) ?? '') : id
  if (action === 'create') return { timestamp, kind: 'volume', action: 'created', name }
  return isRemoval(action) ? { timestamp, kind: 'volume', action: 'removed', name } : undefined
}

function isRemoval(action: string): boolean {
  return action === 'destroy' || action === 'remove' // the second is that of Podman
}

/** Formats a time as RFC 3339 with nanoseconds. */
function toTimestamp(timeNano: bigint): string {
  const seconds = new Date(Number(timeNano / 1_000_000_000n) * 1000).toISOString().slice(0, 19)
  return `${seconds}.${String(timeNano % 1_000_000_000n).padStart(9, '0')}Z`
}

type PlainAction = 'created' | 'started' | 'exited' | 'paused' | 'unpaused' | 'renamed' | 'removed'

const containerActions: Readonly<Record<string, PlainAction>> = {
  create: 'created',
  start: 'started',
  die: 'exited',
  pause: 'paused',
  unpause: 'unpaused',
  rename: 'renamed',
  destroy: 'removed',
  remove: 'removed',
}

const imageActions: Readonly<Record<string, 'pulled' | 'tagged' | 'untagged' | 'removed'>> = {
  pull: 'pulled',
  tag: 'tagged',
  untag: 'untagged',
  delete: 'removed',
}

/** The attributes that are not labels. The last two are those of Podman. */
const engineAttributes: ReadonlySet<string> = new Set([
  'name',
  'image',
  'exitCode',
  'oldName',
  'signal',
  'execID',
  'execDuration',
  'containerExitCode',
  'podId',
])
