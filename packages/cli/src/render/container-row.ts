import type { ContainerInfo, ContainerInspection, Runtime } from '@capstan/core'
import { toAge, toPeriod } from './duration.js'
import { toPortText, withPortHost } from './port-text.js'
import { toOneLine } from './printable.js'
import type { Row } from './row-format.js'
import { cutLine } from './text.js'

/** The name of a field of a container in `--format`, as in docker. */
export type ContainerField =
  | 'ID'
  | 'Names'
  | 'Image'
  | 'Command'
  | 'CreatedAt'
  | 'RunningFor'
  | 'Ports'
  | 'State'
  | 'Status'
  | 'Networks'
  | 'Labels'
  | 'Label'

/** The titles of the fields. */
export const containerTitles: Row<ContainerField> = {
  ID: 'CONTAINER ID',
  Names: 'NAMES',
  Image: 'IMAGE',
  Command: 'COMMAND',
  CreatedAt: 'CREATED AT',
  RunningFor: 'CREATED',
  Ports: 'PORTS',
  State: 'STATE',
  Status: 'STATUS',
  Networks: 'NETWORKS',
  Labels: 'LABELS',
  Label: (key: string): string => key,
}

/** An entry of a list with its inspection, which is absent if the container was removed meanwhile. */
export interface ContainerRowSource {
  readonly container: ContainerInfo
  readonly inspection: ContainerInspection | undefined
}

interface ContainerRowOptions {
  readonly now: Date
  readonly truncate: boolean
  readonly runtime: Pick<Runtime, 'portHost'>
}

/** Returns the fields of a container. With `truncate`, the ID and the command are shortened. */
export function toContainerRow(
  { container, inspection }: ContainerRowSource,
  { now, truncate, runtime }: ContainerRowOptions,
): Row<ContainerField> {
  const { id, name, image, state, createdAt, labels } = container
  // As docker does, whose engine puts words with a space in quotes.
  const words = inspection?.command.map((word) => (word.includes(' ') ? `'${word}'` : word)) ?? []
  const command = toOneLine(words.join(' '))
  return {
    ID: truncate ? id.slice(0, 12) : id,
    Names: name,
    Image: image,
    Command: JSON.stringify(truncate ? cutLine(command, maxCommandWidth) : command),
    CreatedAt: createdAt?.toISOString() ?? '',
    RunningFor: toAge(createdAt, now),
    Ports: withPortHost(inspection?.ports ?? [], runtime)
      .map(toPortText)
      .join(', '),
    State: state,
    Status: toStatus({ container, inspection }, now),
    Networks: inspection?.networks.map(({ networkName }) => networkName).join(',') ?? '',
    Labels: Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    Label: (key: string) => (Object.hasOwn(labels, key) ? labels[key] : ''),
  }
}

/** Formats the state as docker does: `Up 5 minutes`, `Exited (1) 2 hours ago`. */
function toStatus({ container, inspection }: ContainerRowSource, now: Date): string {
  const { state } = container
  const { startedAt, finishedAt, exitCode } = inspection?.state ?? {}
  switch (state) {
    case 'running':
    case 'paused':
      return ['Up', toPeriod(startedAt, now), ...toConditions(container)].filter((word) => word !== '').join(' ')
    case 'exited':
      return `Exited (${exitCode ?? ''}) ${finishedAt === undefined ? '' : `${toPeriod(finishedAt, now)} ago`}`.trim()
    default:
      return `${state.charAt(0).toUpperCase()}${state.slice(1)}`
  }
}

/** Returns what docker shows in parentheses. */
function toConditions({ state, health }: ContainerInfo): readonly string[] {
  if (state === 'paused') return ['(Paused)']
  if (health === undefined) return []
  return [health === 'starting' ? '(health: starting)' : `(${health})`]
}

const maxCommandWidth = 20
