import type { ContainerConfig, RefusedOption } from '@capstan/core'
import { type Layout, rootLayout, rootlessLayout } from './layout.js'

/** How much a BuildKit sidecar may do on its machine, from most to least. */
export type BuildKitPrivilege = 'privileged' | 'added-capabilities' | 'all-capabilities' | 'rootless'

/** One rung of the ladder. */
export interface Rung {
  readonly privilege: BuildKitPrivilege
  readonly config: Pick<ContainerConfig, 'privileged' | 'capAdd' | 'securityOptions'>
  readonly layout: Layout
}

/** The rungs that the runtime does not refuse beforehand; what it refuses at start alone is found out then. */
export function listRungs(refuses: readonly RefusedOption[]): readonly Rung[] {
  const refused = new Set<string>(refuses.map(({ field }) => field))
  return rungs.filter(({ config }) => !Object.keys(config).some((field) => refused.has(field)))
}

/** Says on which rung a sidecar stands, for those who find it. */
export const privilegeLabel = 'buildkit.privilege'

/** The rung of that name, as the label has it. */
export function findRung(privilege: string | undefined): Rung | undefined {
  return rungs.find((rung) => rung.privilege === privilege)
}

const unconfined = ['seccomp=unconfined', 'apparmor=unconfined']

/** A runtime in whose machines a container is alone has no seccomp to take off, and gives all capabilities. */
const rungs: readonly Rung[] = [
  { privilege: 'privileged', config: { privileged: true }, layout: rootLayout },
  {
    privilege: 'added-capabilities',
    config: { capAdd: ['SYS_ADMIN'], securityOptions: unconfined },
    layout: rootLayout,
  },
  { privilege: 'all-capabilities', config: { capAdd: ['ALL'] }, layout: rootLayout },
  // https://github.com/moby/buildkit/blob/v0.32.2/docs/rootless.md
  {
    privilege: 'rootless',
    config: { securityOptions: [...unconfined, 'systempaths=unconfined'] },
    layout: rootlessLayout,
  },
]
