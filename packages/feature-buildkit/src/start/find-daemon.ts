import { type ContainerInspection, isHostError, type OperationOptions } from '@capstan/core'
import type { BuildKitManagers } from '../buildkit-managers.js'
import { attemptLabel, removeBelongings, toBelongings } from './belongings.js'
import { type Daemon, sidecarEnds } from './daemon.js'
import { findRung, privilegeLabel } from './rungs.js'
import { isSameConfiguration, type Settings } from './settings.js'

export interface FindOptions extends OperationOptions {
  /** How long it has been looked for. */
  readonly elapsedMs: number
}

/** The sidecar that is there for the same configuration, if there is one. */
export async function findDaemon(
  managers: BuildKitManagers,
  settings: Settings,
  options: FindOptions,
): Promise<Daemon | undefined> {
  const holder = await findHolder(managers, settings.name, options)
  return holder === undefined ? undefined : adopt(managers, settings, { ...options, holder })
}

/** Whoever has the name. */
export async function findHolder(
  { sidecars }: BuildKitManagers,
  name: string,
  options: OperationOptions,
): Promise<ContainerInspection | undefined> {
  try {
    return await sidecars.inspectContainer(name, options)
  } catch (error) {
    if (isHostError(error, 'CONTAINER_NOT_FOUND')) return undefined
    throw error
  }
}

interface AdoptOptions extends FindOptions {
  readonly holder: ContainerInspection
}

async function adopt(
  managers: BuildKitManagers,
  settings: Settings,
  { holder, elapsedMs, signal }: AdoptOptions,
): Promise<Daemon | undefined> {
  const { id, labels, networks } = holder
  const rung = findRung(labels[privilegeLabel])
  if (!isSameConfiguration(labels, settings) || rung === undefined) return undefined
  const belongings = toBelongings(settings, labels[attemptLabel])
  switch (holder.state.status) {
    case 'exited':
    case 'dead':
      await removeBelongings(managers, belongings, { signal })
      return undefined
    case 'unknown': // of another process, which may be about to start it, and has to, where its code is to be known
      if (elapsedMs > patienceMs) await revive(managers, id, { signal })
      throw sidecarEnds
    case 'created':
      await revive(managers, id, { signal })
      throw sidecarEnds // and look again: it has a network now
    default: {
      const networkId = networks.find(({ networkName }) => networkName === belongings.network)?.networkId
      if (networkId === undefined || networkId === '') throw sidecarEnds
      return { id, networkId, rung, belongings, isAdopted: true }
    }
  }
}

/** Nobody has started it, because its maker died, or because it has not come to it yet. */
async function revive({ runtime }: BuildKitManagers, id: string, { signal }: OperationOptions): Promise<void> {
  try {
    await runtime.startContainer(id, { signal })
  } catch {
    signal?.throwIfAborted() // else: its maker finds the same out, and takes it back
  }
}

const patienceMs = 3000
