import { findRefusal, type Mount, type RefusableField, type RuntimeReport, type SidecarConfig } from '@capstan/core'
import type { BuildKitManagers } from '../buildkit-managers.js'
import { certificateDirectory, toDaemonCommand } from '../scripts.js'
import { type Belongings, toLabels } from './belongings.js'
import { toDaemonConfig } from './daemon-config.js'
import type { Layout } from './layout.js'
import { privilegeLabel, type Rung } from './rungs.js'
import type { Settings } from './settings.js'

/** By this name other containers of its network reach a sidecar that listens on TCP. */
export const tcpAlias = 'buildkit'

export interface SidecarPlace {
  readonly rung: Rung
  readonly image: string
  readonly belongings: Belongings
  readonly networkId: string
  /** A sidecar in which nobody takes a lease for so long ends by itself. */
  readonly orphanMs: number
}

/** The container that BuildKit runs in. Nothing of the engine is mounted there. */
export function toSidecarConfig(managers: BuildKitManagers, settings: Settings, place: SidecarPlace): SidecarConfig {
  const { rung, image, belongings, networkId, orphanMs } = place
  const { name, memoryBytes, cpus, tcp, daemon } = settings
  const refuses = (field: RefusableField) => isRefused(managers.report, field)
  const aliases = tcp === undefined || refuses('network.aliases') ? {} : { aliases: [tcpAlias] }
  return {
    name,
    image,
    networks: [{ networkId, ...aliases }],
    mounts: toMounts(managers, belongings, rung.layout),
    labels: { ...toLabels(settings, belongings), [privilegeLabel]: rung.privilege },
    env: { BUILDKIT_HOST: rung.layout.address },
    ...(refuses('init') ? {} : { init: true }),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ...(cpus === undefined ? {} : { cpus }),
    ...rung.config,
    ...toDaemonCommand({
      orphanMs,
      stopMs: daemonStopMs,
      config: toDaemonConfig({ ...daemon, certificates: tcp?.certificates && certificateDirectory }),
      awaitsCertificates: tcp?.certificates !== undefined,
      daemon: toDaemon(rung.layout, tcp?.port),
    }),
  }
}

/** Whether the runtime has said that it takes no such field. */
export function isRefused(report: RuntimeReport, field: RefusableField): boolean {
  return report.available && findRefusal(field, report.refuses) !== undefined
}

function toDaemon({ program, address, stateDirectory }: Layout, port: number | undefined): readonly string[] {
  const listening = port === undefined ? [] : ['--addr', `tcp://0.0.0.0:${port}`]
  return [...program, '--addr', address, ...listening, '--root', stateDirectory]
}

function toMounts(
  { volumes }: BuildKitManagers,
  { stateVolume, socketVolume }: Belongings,
  { stateDirectory, socketDirectory }: Layout,
): readonly Mount[] {
  if (volumes === undefined) return []
  return [
    { type: 'volume', source: stateVolume, target: stateDirectory },
    { type: 'volume', source: socketVolume, target: socketDirectory },
  ]
}

/** As long as `docker stop` waits. A daemon that works ends within a second. */
const daemonStopMs = 10_000
