import type { Mount, OptionName, SidecarConfig } from '@capstan/core'
import { findUnsupportedOption } from '@capstan/core/plugin'
import type { BuildKitManagers } from '../buildkit-needs.js'
import { toDaemonCommand } from './daemon-script.js'
import { type DaemonLayout, type PrivilegeLevel, privilegeLabel } from './privilege-levels.js'
import { type SidecarResources, toLabels } from './sidecar-resources.js'
import type { SidecarSettings } from './sidecar-settings.js'

/** The DNS name of a sidecar that listens on TCP, on its network. */
export const tcpAlias = 'buildkit'

export interface SidecarConfigOptions {
  readonly level: PrivilegeLevel
  readonly image: string
  readonly resources: SidecarResources
  readonly networkId: string
  /** Time limit, in milliseconds, for the first lease. Without a lease by then, the sidecar stops. */
  readonly firstLeaseTimeoutMs: number
}

/**
 * Returns the config of the sidecar's container. It mounts only the sidecar's own volumes: no path of the engine's
 * machine and not the engine's socket.
 */
export function toSidecarConfig(
  managers: BuildKitManagers,
  settings: SidecarSettings,
  { level, image, resources, networkId, firstLeaseTimeoutMs }: SidecarConfigOptions,
): SidecarConfig {
  const { name, memoryBytes, cpus, tcp, daemon } = settings
  const aliases = tcp === undefined || isUnsupported(managers, 'network.aliases') ? {} : { aliases: [tcpAlias] }
  return {
    name,
    image,
    networks: [{ networkId, ...aliases }],
    mounts: toMounts(managers, resources, level.layout),
    labels: { ...toLabels(settings, resources), [privilegeLabel]: level.privilege },
    env: { BUILDKIT_HOST: level.layout.address },
    ...(isUnsupported(managers, 'init') ? {} : { init: true }),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ...(cpus === undefined ? {} : { cpus }),
    ...level.config,
    ...toDaemonCommand({
      firstLeaseTimeoutMs,
      stopMs: daemonStopMs,
      hasCertificates: tcp?.certificates !== undefined,
      daemon: toDaemon(level.layout, tcp?.port),
      ...daemon,
    }),
  }
}

/** Whether the runtime's report lists the option as unsupported. */
export function isUnsupported({ report }: Pick<BuildKitManagers, 'report'>, field: OptionName): boolean {
  return report.available && findUnsupportedOption(field, report.unsupportedOptions) !== undefined
}

function toDaemon({ command, address, stateDirectory }: DaemonLayout, port: number | undefined): readonly string[] {
  const tcpAddress = port === undefined ? [] : ['--addr', `tcp://0.0.0.0:${port}`]
  return [...command, '--addr', address, ...tcpAddress, '--root', stateDirectory]
}

function toMounts(
  { volumes }: BuildKitManagers,
  { stateVolume, socketVolume }: SidecarResources,
  { stateDirectory, socketDirectory }: DaemonLayout,
): readonly Mount[] {
  if (volumes === undefined) return []
  return [
    { type: 'volume', source: stateVolume, target: stateDirectory },
    { type: 'volume', source: socketVolume, target: socketDirectory },
  ]
}

/** The default of `docker stop`. */
const daemonStopMs = 10_000
