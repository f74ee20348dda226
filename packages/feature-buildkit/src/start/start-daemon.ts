import {
  type ContainerInspection,
  isHostError,
  type Mount,
  type ProgressEvent,
  type RefusableField,
  type SidecarConfig,
} from '@capstan/core'
import type { BuildKitManagers } from '../buildkit-managers.js'
import { socketAddress, socketDirectory, stateDirectory, toDaemonCommand } from '../scripts.js'
import { type BuildKitPrivilege, listRungs, type Rung } from './rungs.js'
import { isSameConfiguration, type Settings } from './settings.js'
import { type EnsureOptions, sidecarEnds } from './shared-objects.js'

/** A sidecar that was started, or was there. */
export interface Daemon {
  readonly id: string
  readonly privilege: BuildKitPrivilege
  readonly isAdopted: boolean
}

/** Starts the sidecar on the first rung that the runtime takes, or adopts the one that is there for the same configuration. */
export async function startDaemon(
  managers: BuildKitManagers,
  settings: Settings,
  options: StartDaemonOptions,
): Promise<Daemon> {
  let refusal: unknown
  for (const rung of listRungs(managers.report.available ? managers.report.refuses : [])) {
    try {
      return await startOnRung(managers, settings, { ...options, rung })
    } catch (error) {
      if (!isRefused(error, rung)) throw error
      refusal ??= error
    }
  }
  throw refusal
}

export interface StartDaemonOptions extends EnsureOptions {
  readonly networkId: string
  /** A sidecar in which nobody takes a lease for so long ends by itself. */
  readonly orphanMs: number
  readonly onProgress?: ((event: ProgressEvent) => void) | undefined
}

type RungOptions = StartDaemonOptions & { readonly rung: Rung }

async function startOnRung(managers: BuildKitManagers, settings: Settings, options: RungOptions): Promise<Daemon> {
  const { rung, signal, onProgress } = options
  const { sidecars } = managers
  const config = toSidecarConfig(managers, settings, options)
  try {
    const id = await sidecars.startSidecar(config, { signal, ...(onProgress === undefined ? {} : { onProgress }) })
    return { id, privilege: rung.privilege, isAdopted: false }
  } catch (error) {
    if (!isHostError(error, 'NAME_CONFLICT')) throw error
    const holder = await findHolder(managers, error.facts.holderId ?? settings.name, options)
    if (holder === undefined) throw sidecarEnds
    if (!isSameConfiguration(holder.labels, settings)) throw error
    await revive(managers, holder, options)
    return { id: holder.id, privilege: toPrivilege(holder.labels[privilegeLabel]) ?? rung.privilege, isAdopted: true }
  }
}

function toSidecarConfig(managers: BuildKitManagers, settings: Settings, options: RungOptions): SidecarConfig {
  const { rung, networkId, orphanMs } = options
  const { name, image, memoryBytes, cpus, labels } = settings
  const refused = new Set<RefusableField>(
    managers.report.available ? managers.report.refuses.map(({ field }) => field) : [],
  )
  return {
    name,
    image,
    networks: [{ networkId }],
    mounts: toMounts(managers, settings),
    labels: { ...labels, [privilegeLabel]: rung.privilege },
    ...(refused.has('init') ? {} : { init: true }),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ...(cpus === undefined ? {} : { cpus }),
    ...rung.config,
    ...toDaemonCommand(orphanMs / 1000, ['buildkitd', '--addr', socketAddress, '--root', stateDirectory]),
  }
}

function toMounts({ volumes }: BuildKitManagers, { stateVolume, socketVolume }: Settings): readonly Mount[] {
  if (volumes === undefined) return []
  return [
    { type: 'volume', source: stateVolume, target: stateDirectory },
    { type: 'volume', source: socketVolume, target: socketDirectory },
  ]
}

/** `undefined`: it went away meanwhile. */
async function findHolder(
  { sidecars }: BuildKitManagers,
  id: string,
  { signal }: StartDaemonOptions,
): Promise<ContainerInspection | undefined> {
  try {
    return await sidecars.inspectContainer(id, { signal })
  } catch (error) {
    if (isHostError(error, 'CONTAINER_NOT_FOUND')) return undefined
    throw error
  }
}

/** One that has ended makes way; one that was never started, because its maker died, is started. */
async function revive(
  { runtime }: BuildKitManagers,
  { id, state: { status } }: ContainerInspection,
  { signal }: StartDaemonOptions,
): Promise<void> {
  if (status === 'exited' || status === 'dead') {
    await runtime.removeContainer(id, { signal })
    throw sidecarEnds
  }
  if (status !== 'created') return
  try {
    await runtime.startContainer(id, { signal })
  } catch {
    signal?.throwIfAborted()
    throw sidecarEnds // its maker finds the same out, and takes it back
  }
}

function isRefused(error: unknown, { config }: Rung): boolean {
  return isHostError(error, 'OPTION_UNSUPPORTED') && error.facts.field in config
}

function toPrivilege(text: string | undefined): BuildKitPrivilege | undefined {
  return privileges.find((privilege) => privilege === text)
}

const privileges: readonly BuildKitPrivilege[] = ['privileged', 'added-capabilities', 'all-capabilities']
const privilegeLabel = 'buildkit.privilege'
