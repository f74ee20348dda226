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
import { isNameTaken, toErrorText } from '../apple-errors.js'
import { type AppleRuntimeContext, ifPresent } from '../apple-runtime-context.js'
import { findReference } from '../images/find-reference.js'
import { ensureImage } from '../images/pull-image.js'
import type { ContainerPlan } from '../sessions/container-records.js'
import { createMountedVolumes } from '../volumes/volume-objects.js'
import { findUnquotable, toCreateArguments } from './create-arguments.js'
import { fillPorts } from './free-ports.js'
import { findContainerIfPresent } from './queries/find-container.js'
import { checkSignal, stopSignalLabel } from './stop-container.js'

/** Throws INVALID_ARGUMENT or OPTION_UNSUPPORTED for a config that this runtime cannot honour. Does not run the command. */
export function checkConfig(context: AppleRuntimeContext, config: ContainerConfig, options: CreateOptions = {}): void {
  validateContainerConfig(config, options)
  checkConfigOptions(context.runtimeName, config, context.details.unsupportedOptions)
  const { name, mounts = [], stopSignal } = config
  if (stopSignal !== undefined) checkSignal('stopSignal', stopSignal)
  if (name !== undefined && !/^.{2,63}$/.test(name))
    throw context.toUnsupported('name', name, 'names have 2 to 63 characters')
  const mount = findUnquotable(mounts)
  if (mount !== undefined) throw context.toUnsupported('mounts', JSON.stringify(mount), unquotable[mount.type])
}

const unquotable = {
  bind: 'the paths of a bind mount cannot contain both ":" and one of "," and "="',
  volume: 'a path of a volume mount cannot contain ":"',
  tmpfs: 'the path of a tmpfs mount cannot contain "," or "="',
}

/** Creates a container, its missing volumes, and pulls its missing image. The undo of the call removes container and volumes. */
export async function createContainer(
  context: AppleRuntimeContext,
  config: ContainerConfig,
  { call, onProgress }: { readonly call: Operation; readonly onProgress: CreateOptions['onProgress'] | undefined },
): Promise<string> {
  const image = await findReference(context, config.image, call)
  await ensureImage(context, image, { call, pull: config.pull ?? 'missing', onProgress, platform: config.platform })
  await createMountedVolumes(context, config, call)
  return await runCreate(context, { config, image, ports: await fillPorts(config.ports ?? []) }, call)
}

/**
 * Runs `create`, and resolves with the id, which is the name. A name is chosen here if there is none, so that the undo of an
 * aborted call knows which container to remove.
 */
export async function runCreate(context: AppleRuntimeContext, plan: ContainerPlan, call: Operation): Promise<string> {
  const { config, image, ports } = plan
  const name = config.name ?? randomUUID()
  const settings = {
    ...(config.interactive && { [interactiveLabel]: 'true' }),
    ...(config.stopSignal !== undefined && { [stopSignalLabel]: config.stopSignal }),
  }
  const labels = { ...toObjectLabels({ kind: 'container' }, context.ownerLabels, config.labels), ...settings }
  const argv = toCreateArguments(config, { name, image, labels, ports })
  let isCreated: boolean | undefined
  call.undo.add('container', async ({ signal }) => {
    if (isCreated ?? (await wasCreated(context, name, { ...call, signal }))) await removeCreated(context, name, signal)
  })
  // After an abort the command may finish, so that the undo knows whether there is a container.
  const limits = { limit: 'createMs', abortGraceMs: context.timeouts.abortGraceMs } as const
  const result = await context.cli.run(argv, { ...call, ...limits })
  isCreated = result.exitCode === 0
  if (isCreated) {
    context.records.add(name, plan)
    return name
  }
  if (!isNameTaken(toErrorText(result.stderr))) throw context.toError(result, { ...call, subject: image })
  const existing = await findContainerIfPresent(context, name, call)
  const facts = { name, holderId: existing?.id, sameOwner: isSameOwner(existing?.labels, context.ownerLabels) }
  throw createHostError('NAME_CONFLICT', facts)
}

/** Whether a `create` that was killed has created the container. One with a record was created by another call. */
async function wasCreated(context: AppleRuntimeContext, name: string, call: Operation): Promise<boolean> {
  const found = await findContainerIfPresent(context, name, call)
  return (
    found !== undefined && isSameOwner(found.labels, context.ownerLabels) && context.records.find(name) === undefined
  )
}

async function removeCreated(context: AppleRuntimeContext, id: string, signal: AbortSignal): Promise<void> {
  context.records.remove(id)
  const removing = context.run(['delete', '--force', id], { operation: 'removeContainer', subject: id, signal })
  await ifPresent(removing, 'CONTAINER_NOT_FOUND')
}

/** Marks a container whose stdin is kept open at each start. The command does not report `--interactive`. */
export const interactiveLabel = 'capstan.apple.interactive'
