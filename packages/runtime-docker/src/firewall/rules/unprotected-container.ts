import { createHostError } from '@capstan/core/plugin'
import type { InspectedContainer } from '../../engine/docker-api.js'
import type { EngineFacts } from '../../engine/docker-details.js'

/**
 * Refuses a container for which rules would not hold: the engine would start it again without them, or its OCI runtime does not
 * use the network of the kernel, in which the rules are.
 */
export function rejectUnprotected(
  { Id: id, HostConfig = {} }: Pick<InspectedContainer, 'Id' | 'HostConfig'>,
  facts: Pick<EngineFacts, 'ociRuntimes' | 'defaultOciRuntime'>,
  containment: 'unchanged' | 'not-started',
): void {
  if (HostConfig?.NetworkMode === 'none') return // it has no traffic
  const policy = HostConfig?.RestartPolicy?.Name || 'no'
  const name = findOciRuntime(HostConfig?.Runtime, facts)
  const program = facts.ociRuntimes[name] || name
  const reason =
    policy !== 'no'
      ? `its restart policy "${policy}" would start it without the rules`
      : usesKernelNetwork(program)
        ? undefined
        : `its OCI runtime "${name}" may not use the network of the kernel, in which the rules are`
  if (reason !== undefined) throw createHostError('FIREWALL_FAILED', { id, reason, containment })
}

/** Podman reports `oci` for every runtime. A container without a chosen one has the default. */
function findOciRuntime(
  reported: string | undefined,
  { ociRuntimes, defaultOciRuntime = '' }: Pick<EngineFacts, 'ociRuntimes' | 'defaultOciRuntime'>,
): string {
  return reported !== undefined && reported in ociRuntimes ? reported : defaultOciRuntime
}

/** An engine that reports no runtime has one of the kernel's namespaces. gVisor and Kata have a network stack of their own. */
function usesKernelNetwork(program: string): boolean {
  return program === '' || /(?:^|[/.])(?:sysbox-)?(?:runc|crun|youki|nvidia-container-runtime)\b/.test(program)
}
