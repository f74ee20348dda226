import type { HostError } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'

/** Creates the INVALID_ARGUMENT error of one field. The given value is shortened to one line. */
export function createInvalidError(field: string, expected: string, given: unknown): HostError<'INVALID_ARGUMENT'> {
  return createHostError('INVALID_ARGUMENT', { field, expected, given: show(given) })
}

/** Returns the field name of one path in the context, for example `context.files["../x"]`. */
export function toField(part: 'files' | 'directory', path: string): string {
  return `context.${part}[${show(path)}]`
}

/** Creates the OPERATION_FAILED error of one path in the context. */
export function createReadError(path: string, reason: string, cause?: unknown): HostError<'OPERATION_FAILED'> {
  const subject = path === '' ? 'the build context' : `"${path}" in the build context`
  const facts = { operation: 'reading', subject, status: undefined, reason }
  return createHostError('OPERATION_FAILED', facts, cause === undefined ? {} : { cause })
}

/** Runs a call of the file system, and translates its error to OPERATION_FAILED for one path in the context. */
export async function withReadError<T>(path: string, call: () => T | Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (cause) {
    throw createReadError(path, cause instanceof Error ? cause.message : String(cause), cause)
  }
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 200 ? `${text.slice(0, 199)}…` : text
}
