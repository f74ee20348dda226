import { isHostError, type OperationOptions, type ProgressEvent, type SidecarConfig } from '@capstan/core'
import type { BuildKitManagers } from '../buildkit-managers.js'
import type { BuildKitOptions } from '../buildkit-options.js'
import { type MakeOptions, makeBelongings } from './belongings.js'
import { type Daemon, sidecarEnds } from './daemon.js'
import { findHolder } from './find-daemon.js'
import { type Ladder, RungFailure } from './ladder.js'
import type { Rung } from './rungs.js'
import { isSameConfiguration, type Settings } from './settings.js'
import { toSidecarConfig } from './sidecar-config.js'
import { takeBack } from './take-back.js'

export interface MakeDaemonOptions extends MakeOptions {
  /** A sidecar in which nobody takes a lease for so long ends by itself. */
  readonly orphanMs: number
  readonly ladder: Ladder
  readonly onProgress?: BuildKitOptions['onProgress'] | undefined
}

/** Creates network, volumes and the sidecar, on the first open rung that the runtime accepts. */
export async function makeDaemon(
  managers: BuildKitManagers,
  settings: Settings,
  options: MakeDaemonOptions,
): Promise<Daemon> {
  const { undo, belongings, ladder, signal, onProgress } = options
  if (ladder.open.length === 0) throw ladder.toError()
  const networkId = await makeBelongings(managers, settings, options)
  for (const { rung, image } of ladder.open) {
    const config = toSidecarConfig(managers, settings, { ...options, rung, image, networkId })
    try {
      const id = await startSidecar(managers, config, { signal, onProgress })
      undo.add('sidecar', async (own) => void (await takeBack(managers, id, own)))
      return { id, networkId, rung, belongings, isAdopted: false }
    } catch (error) {
      if (isHostError(error, 'NAME_CONFLICT')) throw await toConflict(managers, settings, { error, signal })
      const verdict = toVerdict(error, rung)
      if (verdict === undefined) throw error
      ladder.passOver(rung, new RungFailure(verdict, error))
    }
  }
  throw ladder.toError()
}

function startSidecar(
  { sidecars }: BuildKitManagers,
  config: SidecarConfig,
  { signal, onProgress }: Pick<MakeDaemonOptions, 'signal' | 'onProgress'>,
): Promise<string> {
  const { image } = config
  const onPull = onProgress && ((event: ProgressEvent) => onProgress({ ...event, phase: 'pulling', image }))
  return sidecars.startSidecar(config, { signal, ...(onPull === undefined ? {} : { onProgress: onPull }) })
}

/** Another one was faster, and is to be adopted; or has another configuration, which is the error. */
async function toConflict(
  managers: BuildKitManagers,
  settings: Settings,
  { error, signal }: OperationOptions & { readonly error: unknown },
): Promise<unknown> {
  const holder = await findHolder(managers, settings.name, { signal })
  return holder === undefined || isSameConfiguration(holder.labels, settings) ? sidecarEnds : error
}

/** Returns `undefined` for an error that does not depend on the rung. */
function toVerdict(error: unknown, { privilege, config }: Rung): RungFailure['verdict'] | undefined {
  if (isHostError(error, 'OPTION_UNSUPPORTED')) return error.facts.field in config ? 'refused' : undefined
  const isAbsent = isHostError(error, 'IMAGE_PULL_FAILED') || isHostError(error, 'IMAGE_NOT_FOUND')
  return privilege === 'rootless' && isAbsent ? 'no-image' : undefined
}
