import type { ContainerConfig } from '@capstan/core'
import type { UnsupportedOption } from '@capstan/core/plugin'
import type { BuildKitPrivilege } from '../buildkit-options.js'

/** How a sidecar runs at one privilege level. */
export interface PrivilegeLevel {
  readonly privilege: BuildKitPrivilege
  readonly config: Pick<ContainerConfig, 'privileged' | 'capAdd' | 'securityOptions'>
  readonly layout: DaemonLayout
}

/** The paths and the command of a daemon, which depend on the user that it runs as. */
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

/** Returns the levels that the runtime's report does not refuse. The runtime may still refuse one at the start. */
export function listPrivilegeLevels(unsupportedOptions: readonly UnsupportedOption[]): readonly PrivilegeLevel[] {
  return levels.filter((level) => findLevelRefusal(level, unsupportedOptions) === undefined)
}

/** Returns the levels that the runtime's report refuses, each with the reason. */
export function listRefusedLevels(
  unsupportedOptions: readonly UnsupportedOption[],
): readonly { readonly privilege: BuildKitPrivilege; readonly reason: string }[] {
  return levels.flatMap((level) => {
    const refusal = findLevelRefusal(level, unsupportedOptions)
    return refusal === undefined ? [] : [{ privilege: level.privilege, reason: refusal.reason }]
  })
}

function findLevelRefusal(
  { config }: PrivilegeLevel,
  unsupportedOptions: readonly UnsupportedOption[],
): UnsupportedOption | undefined {
  return unsupportedOptions.find(({ field }) => field in config)
}

/** Finds a level by the value of {@link privilegeLabel}. */
export function findPrivilegeLevel(privilege: string | undefined): PrivilegeLevel | undefined {
  return levels.find((level) => level.privilege === privilege)
}

/** The label of a sidecar that contains its privilege level. */
export const privilegeLabel = 'buildkit.privilege'

/** The layout of images such as `moby/buildkit:v0.32.2`. */
const rootLayout: DaemonLayout = toLayout('/run/buildkit', '/var/lib/buildkit', ['buildkitd'])

/** The layout of images such as `moby/buildkit:v0.32.2-rootless`, whose user has the id 1000. */
export const rootlessLayout: DaemonLayout = toLayout('/run/user/1000', '/home/user/.local/share/buildkit', [
  'rootlesskit',
  'buildkitd',
])

function toLayout(socketDirectory: string, stateDirectory: string, command: readonly string[]): DaemonLayout {
  const socketPath = `${socketDirectory}/buildkitd.sock`
  return { socketDirectory, socketPath, address: `unix://${socketPath}`, stateDirectory, command }
}

const unconfined = ['seccomp=unconfined', 'apparmor=unconfined']

/**
 * Rootless comes before the added capabilities: with these alone the cgroup filesystem is read-only, so no RUN works on most
 * engines. A runtime with one virtual machine per container has no seccomp profile to disable, and can grant all capabilities.
 */
const levels: readonly PrivilegeLevel[] = [
  { privilege: 'privileged', config: { privileged: true }, layout: rootLayout },
  // https://github.com/moby/buildkit/blob/v0.32.2/docs/rootless.md
  {
    privilege: 'rootless',
    config: { securityOptions: [...unconfined, 'systempaths=unconfined'] },
    layout: rootlessLayout,
  },
  {
    privilege: 'added-capabilities',
    config: { capAdd: ['SYS_ADMIN'], securityOptions: unconfined },
    layout: rootLayout,
  },
  { privilege: 'all-capabilities', config: { capAdd: ['ALL'] }, layout: rootLayout },
]
