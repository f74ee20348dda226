import type { ContainerConfig, RefusedOption } from '@capstan/core'
import { type Layout, rootLayout, rootlessLayout } from './layout.js'

/** The privilege levels of a BuildKit sidecar, in the order in which they are tried. */
export type BuildKitPrivilege = 'privileged' | 'rootless' | 'added-capabilities' | 'all-capabilities'

/** One rung of the ladder. */
export interface Rung {
  readonly privilege: BuildKitPrivilege
  readonly config: Pick<ContainerConfig, 'privileged' | 'capAdd' | 'securityOptions'>
  readonly layout: Layout
}

/** The rungs that the runtime does not refuse beforehand; what it refuses at start alone is found out then. */
export function listRungs(refuses: readonly RefusedOption[]): readonly Rung[] {
  return rungs.filter((rung) => findRefusal(rung, refuses) === undefined)
}

/** The rungs that the report refuses, each with the reason. */
export function listRefusedRungs(
  refuses: readonly RefusedOption[],
): readonly { readonly privilege: BuildKitPrivilege; readonly reason: string }[] {
  return rungs.flatMap((rung) => {
    const refusal = findRefusal(rung, refuses)
    return refusal === undefined ? [] : [{ privilege: rung.privilege, reason: refusal.reason }]
  })
}

function findRefusal({ config }: Rung, refuses: readonly RefusedOption[]): RefusedOption | undefined {
  return refuses.find(({ field }) => field in config)
}

/** Says on which rung a sidecar stands, for those who find it. */
export const privilegeLabel = 'buildkit.privilege'

/** The rung of that name, as the label has it. */
export function findRung(privilege: string | undefined): Rung | undefined {
  return rungs.find((rung) => rung.privilege === privilege)
}

const unconfined = ['seccomp=unconfined', 'apparmor=unconfined']

/**
 * Rootless comes before the added capabilities: these leave the cgroup filesystem read-only, so that on most engines no
 * RUN works. A runtime with a virtual machine per container has no seccomp profile to disable, and grants all capabilities.
 */
const rungs: readonly Rung[] = [
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
