import { randomUUID } from 'node:crypto'
import {
  type ContainerConfig,
  type CreateOptions,
  createHostError,
  isHostError,
  isOurs,
  refuseOptions,
  toObjectLabels,
  validateContainerConfig,
} from '@capstan/core'
import type { AppleCall, AppleConnection } from '../apple-connection.js'
import { isNameTaken, toErrorText } from '../apple-errors.js'
import { findReference } from '../image/find-reference.js'
import { provideImage } from '../image/provide-image.js'
import { findUnquotable, toCreateArguments } from './create-arguments.js'
import { findContainerOrGone } from './find-container.js'
import { fillPorts } from './free-ports.js'
import type { ContainerPlan } from './kept-containers.js'
import { createMountedVolumes } from './mounted-volumes.js'

/** Throws for what no container of this runtime can be; asks nothing of the command line. */
export function checkConfig(connection: AppleConnection, config: ContainerConfig): void {
  validateContainerConfig(config)
  refuseOptions(connection.runtimeName, config, connection.details.refuses)
  const { name = 'none', mounts = [] } = config
  if (!/^.{2,63}$/.test(name)) throw connection.toUnsupported('name', name, 'a name has 2 to 63 characters here')
  const mount = findUnquotable(mounts)
  if (mount !== undefined) throw connection.toUnsupported('mounts', JSON.stringify(mount), unquotable)
}

const unquotable = 'the command has no way to quote ":", "," and "=" in paths'

/** Makes a container, after a pull where the image is missing; what was made is undone when the call fails later. */
export async function createContainer(
  connection: AppleConnection,
  config: ContainerConfig,
  { call, onProgress }: { readonly call: AppleCall; readonly onProgress: CreateOptions['onProgress'] | undefined },
): Promise<string> {
  const image = await findReference(connection, config.image, call)
  await provideImage(connection, image, { call, pull: config.pull ?? 'missing', onProgress, platform: config.platform })
  await createMountedVolumes(connection, config, call)
  return await makeContainer(connection, { config, image, ports: await fillPorts(config.ports ?? []) }, call)
}

/** The name is the id. One that nobody asked for is picked here, so that an abort knows what to take back. */
export async function makeContainer(
  connection: AppleConnection,
  plan: ContainerPlan,
  call: AppleCall,
): Promise<string> {
  const { config, image, ports } = plan
  const name = config.name ?? randomUUID()
  const stdin = config.interactive ? { [interactiveLabel]: 'true' } : {}
  const labels = { ...toObjectLabels({ kind: 'container' }, connection.ownerLabels, config.labels), ...stdin }
  const argv = toCreateArguments(config, { name, image, labels, ports })
  let made: boolean | undefined
  call.undo.add('container', async ({ signal }) => {
    if (made ?? (await isMine(connection, name, { ...call, signal }))) await removeMade(connection, name, signal)
  })
  // An abort lets it come to its end, so that it is known what there is to undo.
  const limits = { limit: 'createMs', lingerMs: connection.timeouts.abortGraceMs } as const
  const result = await connection.cli.run(argv, { ...call, ...limits })
  made = result.exitCode === 0
  if (made) {
    connection.kept.add(name, plan)
    return name
  }
  if (!isNameTaken(toErrorText(result.stderr))) throw connection.toError(result, { ...call, subject: image })
  const holder = await findContainerOrGone(connection, name, call)
  const facts = { name, holderId: holder?.id, ours: isOurs(holder?.labels, connection.ownerLabels) }
  throw createHostError('NAME_CONFLICT', facts)
}

/** Only of a call that was killed on its way: who has the name now, if anybody? */
async function isMine(connection: AppleConnection, name: string, call: AppleCall): Promise<boolean> {
  const found = await findContainerOrGone(connection, name, call)
  return found !== undefined && isOurs(found.labels, connection.ownerLabels) && connection.kept.find(name) === undefined
}

async function removeMade(connection: AppleConnection, id: string, signal: AbortSignal): Promise<void> {
  connection.kept.forget(id)
  try {
    await connection.run(['delete', '--force', id], { operation: 'removeContainer', subject: id, signal })
  } catch (error) {
    if (!isHostError(error, 'CONTAINER_NOT_FOUND')) throw error
  }
}

/** Tells whoever starts it later that its stdin is to be held open: the command line does not. */
export const interactiveLabel = 'capstan.apple.interactive'
