import { randomUUID } from 'node:crypto'
import type { ContainerConfig, CreateOptions } from '@capstan/core'
import {
  checkConfigOptions,
  createHostError,
  isSameOwner,
  type Operation,
  toObjectLabels,
  validateContainerConfig,
} from '@capstan/core/plugin'
import { type AppleConnection, ifPresent } from '../apple-connection.js'
import { isNameTaken, toErrorText } from '../apple-errors.js'
import { findReference } from '../images/find-reference.js'
import { ensureImage } from '../images/pull-image.js'
import type { ContainerPlan } from '../sessions/container-records.js'
import { createMountedVolumes } from '../volumes/mounted-volumes.js'
import { findUnquotable, toCreateArguments } from './create-arguments.js'
import { fillPorts } from './free-ports.js'
import { findContainerOrGone } from './queries/find-container.js'

/** Throws INVALID_ARGUMENT or OPTION_UNSUPPORTED for a config that this runtime cannot honour. Does not run the command. */
export function checkConfig(connection: AppleConnection, config: ContainerConfig): void {
  validateContainerConfig(config)
  checkConfigOptions(connection.runtimeName, config, connection.details.unsupportedOptions)
  const { name, mounts = [] } = config
  if (name !== undefined && !/^.{2,63}$/.test(name))
    throw connection.toUnsupported('name', name, 'names have 2 to 63 characters')
  const mount = findUnquotable(mounts)
  if (mount !== undefined) throw connection.toUnsupported('mounts', JSON.stringify(mount), unquotable[mount.type])
}

const unquotable = {
  bind: 'the paths of a bind mount cannot contain both ":" and one of "," and "="',
  volume: 'the path of a volume mount cannot contain ":"',
  tmpfs: 'the path of a tmpfs mount cannot contain "," or "="',
}

/** Creates a container, its missing volumes, and pulls its missing image. The undo of the call removes container and volumes. */
export async function createContainer(
  connection: AppleConnection,
  config: ContainerConfig,
  { call, onProgress }: { readonly call: Operation; readonly onProgress: CreateOptions['onProgress'] | undefined },
): Promise<string> {
  const image = await findReference(connection, config.image, call)
  await ensureImage(connection, image, { call, pull: config.pull ?? 'missing', onProgress, platform: config.platform })
  await createMountedVolumes(connection, config, call)
  return await runCreate(connection, { config, image, ports: await fillPorts(config.ports ?? []) }, call)
}

/**
 * Runs `create`, and resolves with the id, which is the name. A name is chosen here if there is none, so that the undo of an
 * aborted call knows which container to remove.
 */
export async function runCreate(connection: AppleConnection, plan: ContainerPlan, call: Operation): Promise<string> {
  const { config, image, ports } = plan
  const name = config.name ?? randomUUID()
  const stdin = config.interactive ? { [interactiveLabel]: 'true' } : {}
  const labels = { ...toObjectLabels({ kind: 'container' }, connection.ownerLabels, config.labels), ...stdin }
  const argv = toCreateArguments(config, { name, image, labels, ports })
  let isCreated: boolean | undefined
  call.undo.add('container', async ({ signal }) => {
    if (isCreated ?? (await wasCreated(connection, name, { ...call, signal })))
      await removeCreated(connection, name, signal)
  })
  // After an abort the command may finish, so that the undo knows whether there is a container.
  const limits = { limit: 'createMs', abortGraceMs: connection.timeouts.abortGraceMs } as const
  const result = await connection.cli.run(argv, { ...call, ...limits })
  isCreated = result.exitCode === 0
  if (isCreated) {
    connection.records.add(name, plan)
    return name
  }
  if (!isNameTaken(toErrorText(result.stderr))) throw connection.toError(result, { ...call, subject: image })
  const existing = await findContainerOrGone(connection, name, call)
  const facts = { name, holderId: existing?.id, sameOwner: isSameOwner(existing?.labels, connection.ownerLabels) }
  throw createHostError('NAME_CONFLICT', facts)
}

/** Whether a `create` that was killed has created the container. One with a record was created by another call. */
async function wasCreated(connection: AppleConnection, name: string, call: Operation): Promise<boolean> {
  const found = await findContainerOrGone(connection, name, call)
  return (
    found !== undefined &&
    isSameOwner(found.labels, connection.ownerLabels) &&
    connection.records.find(name) === undefined
  )
}

async function removeCreated(connection: AppleConnection, id: string, signal: AbortSignal): Promise<void> {
  connection.records.remove(id)
  const removing = connection.run(['delete', '--force', id], { operation: 'removeContainer', subject: id, signal })
  await ifPresent(removing, 'CONTAINER_NOT_FOUND')
}

/** Marks a container whose stdin is kept open at each start. The command does not report `--interactive`. */
export const interactiveLabel = 'capstan.apple.interactive'
