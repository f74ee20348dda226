import type { ContainerConfig, RefusedOption } from '@capstan/core'

/** How much a BuildKit sidecar may do on its machine, from most to least. */
export type BuildKitPrivilege = 'privileged' | 'added-capabilities' | 'all-capabilities'

/** One rung of the ladder. */
export interface Rung {
  readonly privilege: BuildKitPrivilege
  readonly config: Pick<ContainerConfig, 'privileged' | 'capAdd' | 'securityOptions'>
}

/** The rungs that the runtime does not refuse beforehand; what it refuses at start alone is found out then. */
export function listRungs(refuses: readonly RefusedOption[]): readonly Rung[] {
  const refused = new Set<string>(refuses.map(({ field }) => field))
  return rungs.filter(({ config }) => !Object.keys(config).some((field) => refused.has(field)))
}

/** A runtime in whose machines a container is alone has no seccomp to take off, and gives all capabilities. */
const rungs: readonly Rung[] = [
  { privilege: 'privileged', config: { privileged: true } },
  {
    privilege: 'added-capabilities',
    config: { capAdd: ['SYS_ADMIN'], securityOptions: ['seccomp=unconfined', 'apparmor=unconfined'] },
  },
  { privilege: 'all-capabilities', config: { capAdd: ['ALL'] } },
]
