import type { ContainerInspection } from '@capstan/core'
import type { InspectedServiceContainer } from '../state/list-services.js'

/** Whether a container of a service is ready, may become ready, or has failed. */
export type Verdict = 'ready' | 'pending' | 'failed'

/** Judges a container of a service, or of a job, which is ready when it has exited with code 0. */
export function judgeContainer(
  { container, inspection }: Pick<InspectedServiceContainer, 'container' | 'inspection'>,
  { isJob }: { readonly isJob: boolean },
): Verdict {
  const { state, health, exitCode } = container
  if (state === 'exited' || state === 'dead') {
    if (isJob && exitCode === 0) return 'ready'
    return isRestarted(inspection) ? 'pending' : 'failed'
  }
  if (state !== 'running' || isJob) return 'pending'
  if (health === 'unhealthy') return 'failed'
  return health === 'starting' ? 'pending' : 'ready'
}

/** Whether the engine starts a container again that has exited. Docker reports it as restarting, and Podman as exited. */
function isRestarted({ restartPolicy, state }: ContainerInspection): boolean {
  if (restartPolicy === undefined) return false
  const { name } = restartPolicy
  if (name === 'always' || name === 'unless-stopped') return true
  if (name !== 'on-failure' || state.exitCode === 0) return false
  const { maxRetries = Number.POSITIVE_INFINITY } = restartPolicy
  return (state.restartCount ?? 0) < maxRetries && state.status !== 'dead'
}
