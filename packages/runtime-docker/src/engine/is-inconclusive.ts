import { isHostError } from '@capstan/core'

/**
 * Whether the failure of a ping or an inspection says nothing about the request that it accompanies: it timed out, the
 * engine answered with an error, or no further connection could be opened.
 */
export function isInconclusive(error: unknown): boolean {
  if (isHostError(error, 'RUNTIME_UNAVAILABLE')) return false
  return isHostError(error, 'CONNECTION_LOST') ? isResourceExhausted(error.cause) : isHostError(error)
}

/** EAGAIN: the backlog of the engine's socket is full. EMFILE and ENFILE: this process has no free file descriptor. */
function isResourceExhausted(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && exhaustionCodes.has(String(cause.code))
}

const exhaustionCodes: ReadonlySet<string> = new Set(['EAGAIN', 'EMFILE', 'ENFILE', 'EAI_AGAIN'])
