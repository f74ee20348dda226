import type { ContainerState } from '@capstan/core'

/** Whether a container in that state has no process: `ps` leaves it out, and `rm` needs no force. */
export function isIdle(state: ContainerState): boolean {
  return state === 'created' || state === 'exited' || state === 'dead'
}
