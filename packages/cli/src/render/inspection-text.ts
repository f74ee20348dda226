import type { ContainerInspection, RestartPolicy } from '@capstan/core'
import { ownershipLabelKeys, parseOwnerLabels } from '@capstan/core/plugin'
import { toAge } from './duration.js'
import { toPortText } from './port-text.js'
import { toOneLine } from './printable.js'

/** Formats a container as lines of a name and a value. */
export function toInspectionText(container: ContainerInspection, now: Date = new Date()): string {
  const lines = [...toBasics(container, now), ...toConnections(container), ...toLabels(container)]
  const width = Math.max(...lines.map(([name]) => name.length))
  return lines.map(([name, value]) => `${`${name}:`.padEnd(width + 2)}${toOneLine(value)}\n`).join('')
}

type Line = readonly [name: string, value: string]

function toBasics(container: ContainerInspection, now: Date): Line[] {
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
function toRestarts(policy: RestartPolicy | undefined, count = 0): Line[] {
  if (policy === undefined || policy.name === 'no') return []
  const limit = policy.maxRetries === undefined ? '' : `:${policy.maxRetries}`
  const restarts = count === 1 ? '1 restart' : `${count} restarts`
  return [['restart', `${policy.name}${limit}, ${restarts}`]]
}

function toConnections({ networks, ports }: ContainerInspection): Line[] {
  return [
    ...networks.map(
      ({ networkName, ipAddress }) => ['network', `${networkName} ${ipAddress ?? ''}`.trimEnd()] as const,
    ),
    ...ports.map((port) => ['port', toPortText(port)] as const),
  ]
}

/** Describes the owner labels in words, and lists the other labels. */
function toLabels({ labels }: ContainerInspection): Line[] {
  const owner = parseOwnerLabels(labels)
  const persistence = labels[ownershipLabelKeys.lifetime] === 'persistent' ? ', kept by sweep' : ''
  return [
    ...(owner === undefined ? [] : [['created by', `Capstan, process ${owner.pid}${persistence}`] as const]),
    ...Object.entries(labels)
      .filter(([key]) => owner === undefined || !key.startsWith('capstan.'))
      .map(([key, value]) => ['label', `${key}=${value}`] as const),
  ]
}

function quote(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
