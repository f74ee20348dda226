import type { RuntimeEvent } from '@capstan/core'
import { type StringMap, toFamiliarName } from '@capstan/core/plugin'
import { asString, type JsonObject, toObject } from '../engine/json-values.js'

/** A message of the engine. */
export interface EngineMessage {
  readonly value: JsonObject
  /** The nanoseconds since 1970, of 19 digits, so that times are compared as texts. A number cannot represent it. */
  readonly timeNano: string
}

/** Reads the field `timeNano` of a line. Zeros if it has none. In a text of JSON, its quotes would be escaped. */
export function readTimeNano(line: string): string {
  const field = line.lastIndexOf(timeNanoField)
  const start = field + timeNanoField.length
  let end = start
  while (field !== -1 && isDigit(line.charCodeAt(end))) end += 1
  return line.slice(start, end).padStart(19, '0')
}

function isDigit(charCode: number): boolean {
  return charCode >= 48 && charCode <= 57
}

const timeNanoField = '"timeNano":'

/** Converts a time to nanoseconds since 1970, of 19 digits. */
export function toTimeNano(moment: Date | string): string {
  if (moment instanceof Date) return `${moment.getTime()}000000`.padStart(19, '0')
  const [, fraction = ''] = /\.(\d+)/.exec(moment) ?? []
  const seconds = Date.parse(moment.replace(/\.\d+/, '')) / 1000
  return `${seconds}${fraction.padEnd(9, '0')}`.padStart(19, '0')
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
  const name = asString(attributes.name) ?? ''
  const image = toImageName(asString(attributes.image) ?? '')
  const labels = toLabels(attributes)
  // Literals, since a spread of the common properties takes longer than the rest of the conversion.
  if (known === 'exited') {
    const exitCode = readExitCode(attributes)
    return { timestamp, kind: 'container', action: known, id, name, image, labels, exitCode }
  }
  if (known !== undefined) return { timestamp, kind: 'container', action: known, id, name, image, labels }
  if (health === undefined) return undefined
  return { timestamp, kind: 'container', action: 'health', id, name, image, labels, health }
}

/** Converts the reference of a container's image. Successive events are often of containers of one image. */
function toImageName(image: string): string {
  if (image !== lastImage.image) lastImage = { image, name: toFamiliarName(image) }
  return lastImage.name
}

let lastImage = { image: '', name: '' }

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

/** Returns the attributes without those of the engine, which replace labels of the same name. The last two are Podman's. */
function toLabels({
  name: _name,
  image: _image,
  exitCode: _exitCode,
  oldName: _oldName,
  signal: _signal,
  execID: _execId,
  execDuration: _duration,
  containerExitCode: _containerExitCode,
  podId: _podId,
  ...labels
}: JsonObject): StringMap {
  return labels as StringMap // the type documented for attributes
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
function toTimestamp(timeNano: string): string {
  const seconds = timeNano.slice(0, -9)
  // Events of one second follow each other.
  if (seconds !== lastSecond.seconds) {
    lastSecond = { seconds, text: new Date(Number(seconds) * 1000).toISOString().slice(0, 19) }
  }
  return `${lastSecond.text}.${timeNano.slice(-9)}Z`
}

let lastSecond = { seconds: '', text: '' }

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
