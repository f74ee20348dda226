import { isHostError } from '@capstan/core'

/**
 * Whether the failure of a ping or an inspection says nothing about the request that it accompanies: it timed out, the
 * engine answered with an error, or no further connection could be opened.
 */
export function isInconclusive(error: unknown): boolean {
  if (isHostError(error, 'RUNTIME_UNAVAILABLE')) return false
  return isHostError(error, 'CONNECTION_LOST') ? isTemporary(error.cause) : isHostError(error)
}

/**
 * EAGAIN: the backlog of the engine's socket is full. EMFILE and ENFILE: no free file descriptor. EAI_AGAIN: the name
 * server does not answer at the moment.
 */
function isTemporary(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && temporaryCodes.has(String(cause.code))
}

const temporaryCodes: ReadonlySet<string> = new Set(['EAGAIN', 'EMFILE', 'ENFILE', 'EAI_AGAIN'])
