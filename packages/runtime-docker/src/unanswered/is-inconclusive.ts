import { isHostError } from '@capstan/core'

/**
 * Whether the failure of a request beside another one leaves open how it is with the engine: it timed out, the engine
 * answered with a failure of its own, or this machine had no room for one more connection. Such a failure says nothing
 * about what the other request waits for.
 */
export function isInconclusive(error: unknown): boolean {
  if (isHostError(error, 'RUNTIME_UNAVAILABLE')) return false
  return isHostError(error, 'CONNECTION_LOST') ? hasNoRoom(error.cause) : isHostError(error)
}

/** EAGAIN: the backlog of the engine's socket is full. EMFILE and ENFILE: no descriptor is left here. */
function hasNoRoom(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && noRoom.has(String(cause.code))
}

const noRoom: ReadonlySet<string> = new Set(['EAGAIN', 'EMFILE', 'ENFILE', 'EAI_AGAIN'])
