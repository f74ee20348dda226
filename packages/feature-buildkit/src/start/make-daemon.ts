import {
  createHostError,
  isHostError,
  type OperationOptions,
  type ProgressEvent,
  type SidecarConfig,
} from '@capstan/core'
import type { BuildKitManagers } from '../buildkit-managers.js'
import type { BuildKitOptions } from '../buildkit-options.js'
import { type MakeOptions, makeBelongings } from './belongings.js'
import { type Daemon, sidecarEnds } from './daemon.js'
import { findHolder } from './find-daemon.js'
import { rootlessLayout } from './layout.js'
import { listRungs, type Rung } from './rungs.js'
import { isSameConfiguration, type Settings } from './settings.js'
import { toSidecarConfig } from './sidecar-config.js'
import { takeBack } from './take-back.js'

export interface MakeDaemonOptions extends MakeOptions {
  /** A sidecar in which nobody takes a lease for so long ends by itself. */
  readonly orphanMs: number
  readonly onProgress?: BuildKitOptions['onProgress'] | undefined
}

/** Network, volumes, and the sidecar on the first rung that the runtime takes. */
export async function makeDaemon(
  managers: BuildKitManagers,
  settings: Settings,
  options: MakeDaemonOptions,
): Promise<Daemon> {
  const { undo, belongings, signal, onProgress } = options
  const networkId = await makeBelongings(managers, settings, options)
  let refusal: unknown
  for (const { rung, image } of listRungsWithImages(managers, settings)) {
    const config = toSidecarConfig(managers, settings, { ...options, rung, image, networkId })
    try {
      const id = await startSidecar(managers, config, { signal, onProgress })
      undo.add('sidecar', (own) => takeBack(managers, id, own))
      return { id, networkId, rung, belongings, isAdopted: false }
    } catch (error) {
      if (isHostError(error, 'NAME_CONFLICT')) throw await toConflict(managers, settings, { error, signal })
      if (!isRefused(error, rung)) throw error
      refusal ??= error
    }
  }
  throw refusal ?? toNoRung(managers)
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

function listRungsWithImages({ report }: BuildKitManagers, { image, rootlessImage }: Settings) {
  return listRungs(report.available ? report.refuses : []).flatMap((rung) => {
    const its = rung.layout === rootlessLayout ? rootlessImage : image
    return its === undefined ? [] : [{ rung, image: its }]
  })
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

function isRefused(error: unknown, { config }: Rung): boolean {
  return isHostError(error, 'OPTION_UNSUPPORTED') && error.facts.field in config
}

/** All that is left is refused, or needs an image that was not named. */
function toNoRung({ report }: BuildKitManagers): Error {
  const refused = report.available ? report.refuses.find(({ field }) => field === 'privileged') : undefined
  const reason = refused?.reason ?? 'it takes no BuildKit on any rung of privilege'
  return createHostError('OPTION_UNSUPPORTED', {
    runtime: report.runtime,
    field: 'privileged',
    given: 'true',
    reason: `${reason}; a rootlessImage may do`,
  })
}
