import type { RuntimeEvent } from '@capstan/core'
import { toOneLine } from './printable.js'
import type { Row } from './row-format.js'

/** The name of a field of an event in `--format`, as in docker. */
export type EventField = 'Type' | 'Action' | 'Actor' | 'ID' | 'From' | 'Status' | 'Scope' | 'Time' | 'TimeNano'

/** The fields, which have no titles: events are no table. */
export const eventTitles: Row<EventField> = {
  Type: 'TYPE',
  Action: 'ACTION',
  Actor: { ID: 'ID', Attributes: toMap({}) },
  ID: 'ID',
  From: 'FROM',
  Status: 'STATUS',
  Scope: 'SCOPE',
  Time: 'TIME',
  TimeNano: 'TIME',
}

/** Returns the action in the words of docker: `die` for `exited`. */
export function toDockerAction(event: RuntimeEvent): string {
  if (event.action === 'health') return `health_status: ${event.health}`
  if (event.action === 'removed') return event.kind === 'image' ? 'delete' : 'destroy'
  return dockerActions[event.action]
}

const dockerActions = {
  created: 'create',
  started: 'start',
  exited: 'die',
  paused: 'pause',
  unpaused: 'unpause',
  renamed: 'rename',
  pulled: 'pull',
  tagged: 'tag',
  untagged: 'untag',
  connected: 'connect',
  disconnected: 'disconnect',
} as const

/** Returns the fields of an event. */
export function toEventRow(event: RuntimeEvent): Row<EventField> {
  const Action = toDockerAction(event)
  const id = toId(event)
  const time = Math.floor(Date.parse(event.timestamp) / 1000)
  return {
    Type: event.kind,
    Action,
    Actor: { ID: id, Attributes: toMap(toAttributes(event)) },
    ID: id,
    From: event.kind === 'container' ? event.image : '',
    Status: Action,
    Scope: 'local',
    Time: time,
    TimeNano: `${time}${event.timestamp.slice(-10, -1)}`,
  }
}

/** Formats an event as `docker events --format json` does, on one line. */
export function toDockerJson(event: RuntimeEvent): string {
  const { Type, Action, Actor, ID, From, Scope, Time, TimeNano } = toEventRow(event)
  const legacy = Type === 'container' || Type === 'image' ? { status: Action, id: ID } : {}
  const from = Type === 'container' ? { from: From } : {}
  const text = JSON.stringify({ ...legacy, ...from, Type, Action, Actor, scope: Scope, time: Time })
  // A number of JavaScript cannot represent it.
  return `${text.slice(0, -1)},"timeNano":${TimeNano}}\n`
}

/** Formats an event as docker does by default: time, kind, action, id, and attributes in parentheses. */
export function toEventLine(event: RuntimeEvent): string {
  const attributes = Object.entries(toAttributes(event)).map(([key, value]) => `${key}=${value}`)
  const list = attributes.length === 0 ? '' : ` (${attributes.join(', ')})`
  return `${toOneLine(`${event.timestamp} ${event.kind} ${toDockerAction(event)} ${toId(event)}${list}`)}\n`
}

function toId(event: RuntimeEvent): string {
  if (event.kind === 'volume') return event.name
  if (event.kind === 'image') return event.id ?? event.reference ?? ''
  return event.id
}

function toAttributes(event: RuntimeEvent): Readonly<Record<string, string>> {
  switch (event.kind) {
    case 'container': {
      const exitCode =
        event.action === 'exited' && event.exitCode !== undefined ? { exitCode: `${event.exitCode}` } : {}
      return toSorted({ ...event.labels, ...exitCode, image: event.image, name: event.name })
    }
    case 'image':
      return event.reference === undefined ? {} : { name: event.reference }
    case 'network':
      return { ...('containerId' in event ? { container: event.containerId } : {}), name: event.name }
    case 'volume':
      return {}
  }
}

/** Returns an object without prototype, of which a template may name any field. */
function toMap(attributes: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.assign(Object.create(null), attributes)
}

function toSorted(attributes: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(attributes).sort(([one], [other]) => (one < other ? -1 : 1)))
}
