import type { ContainerInspection, RestartPolicy } from '@capstan/core'

import { toAge } from './duration.js'
import { type FieldLine, renderFieldLines, toLabelLines } from './field-lines.js'
import { toPortText } from './port-text.js'

/** Formats a container as lines of a name and a value. */
export function toInspectionText(container: ContainerInspection, now: Date = new Date()): string {
  return renderFieldLines([...toBasics(container, now), ...toConnections(container), ...toLabelLines(container.labels)])
}

function toBasics(container: ContainerInspection, now: Date): FieldLine[] {
  const { id, name, image, imageId, command, createdAt, state, health, restartPolicy } = container
  const created = createdAt === undefined ? '' : `${createdAt.toISOString()} (${toAge(createdAt, now)})`
  const code = state.exitCode !== undefined && !state.running ? `, exit code ${state.exitCode}` : ''
  return [
    ['id', id],
    ['name', name],
    ['image', `${image} (${imageId})`],
    ['command', command.map(quote).join(' ')],
    ['state', `${state.status}${code}`],
    ...(health === undefined ? [] : [['health', health] as const]),
    ...toRestarts(restartPolicy, state.restartCount),
    ['created', created],
  ]
}

/** Describes the restart policy, unless it is `no`, and the number of restarts. */
function toRestarts(policy: RestartPolicy | undefined, count = 0): FieldLine[] {
  if (policy === undefined || policy.name === 'no') return []
  const limit = policy.maxRetries === undefined ? '' : `:${policy.maxRetries}`
  const restarts = count === 1 ? '1 restart' : `${count} restarts`
  return [['restart', `${policy.name}${limit}, ${restarts}`]]
}

function toConnections({ networks, ports }: ContainerInspection): FieldLine[] {
  return [
    ...networks.map(
      ({ networkName, ipAddress }) => ['network', `${networkName} ${ipAddress ?? ''}`.trimEnd()] as const,
    ),
    ...ports.map((port) => ['port', toPortText(port)] as const),
  ]
}

function quote(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
