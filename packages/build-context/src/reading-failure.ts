import { createHostError, type HostError } from '@capstan/core'

/** Waits for what the file system says about one path of the context; its error becomes OPERATION_FAILED. */
export async function reading<T>(path: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (cause) {
    throw createReadingFailure(path, cause instanceof Error ? cause.message : String(cause), cause)
  }
}

/** OPERATION_FAILED for one path of the context: throw this. */
export function createReadingFailure(path: string, reason: string, cause?: unknown): HostError<'OPERATION_FAILED'> {
  const subject = path === '' ? 'the build context' : `"${path}" in the build context`
  const facts = { operation: 'reading', subject, status: undefined, reason }
  return createHostError('OPERATION_FAILED', facts, cause === undefined ? {} : { cause })
}
