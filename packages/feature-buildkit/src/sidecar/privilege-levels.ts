import type { ContainerConfig, RuntimeReport } from '@capstan/core'
import type { UnsupportedOption } from '@capstan/core/plugin'
import type { BuildKitPrivilege } from '../buildkit-options.js'

/** How a sidecar runs at one privilege level. */
export interface PrivilegeLevel {
  readonly privilege: BuildKitPrivilege
  readonly config: Pick<ContainerConfig, 'privileged' | 'capAdd' | 'securityOptions'>
  readonly layout: DaemonLayout
}

/** The paths and the command of a daemon. They depend on the user that it runs as. */
export interface DaemonLayout {
  /** Contains only the socket. Other containers mount it. */
  readonly socketDirectory: string
  readonly socketPath: string
  readonly address: string
  /** Contains the daemon's cache. */
  readonly stateDirectory: string
  /** The daemon's command without its options, with the wrapper that starts it. */
  readonly command: readonly string[]
}

/** Finds an option of the level that the runtime's report lists as unsupported. The engine may also reject one at the start. */
export function findUnsupportedLevelOption(
  { config }: PrivilegeLevel,
  report: RuntimeReport,
): UnsupportedOption | undefined {
  return report.available ? report.unsupportedOptions.find(({ field }) => field in config) : undefined
}

/** The label of a sidecar that contains its privilege level. */
export const privilegeLabel = 'buildkit.privilege'

/** The layout of images such as `moby/buildkit:v0.32.2`. */
const rootLayout = toLayout('/run/buildkit', '/var/lib/buildkit', ['buildkitd'])

/** The layout of images such as `moby/buildkit:v0.32.2-rootless`, whose user has the id 1000. */
const rootlessLayout = toLayout('/run/user/1000', '/home/user/.local/share/buildkit', ['rootlesskit', 'buildkitd'])

function toLayout(socketDirectory: string, stateDirectory: string, command: readonly string[]): DaemonLayout {
  const socketPath = `${socketDirectory}/buildkitd.sock`
  return { socketDirectory, socketPath, address: `unix://${socketPath}`, stateDirectory, command }
}

const unconfined = ['seccomp=unconfined', 'apparmor=unconfined']
const withoutMaskedPaths = [...unconfined, 'systempaths=unconfined']

/**
 * All levels, in the order in which they are tried. Rootless comes before the added capabilities: with these alone the cgroup
 * filesystem is read-only, so every RUN fails on most engines. The last level is for runtimes with one virtual machine per
 * container: they have no seccomp profile to disable, and can grant all capabilities.
 */
export const privilegeLevels: readonly PrivilegeLevel[] = [
  { privilege: 'privileged', config: { privileged: true }, layout: rootLayout },
  // https://github.com/moby/buildkit/blob/v0.32.2/docs/rootless.md
  { privilege: 'rootless', config: { securityOptions: withoutMaskedPaths }, layout: rootlessLayout },
  {
    privilege: 'added-capabilities',
    config: { capAdd: ['SYS_ADMIN'], securityOptions: unconfined },
    layout: rootLayout,
  },
  { privilege: 'all-capabilities', config: { capAdd: ['ALL'] }, layout: rootLayout },
]
