import type { CaseResult } from '../conformance-report.js'

/** A failed case as an error that a test runner shows: all that went wrong, with the stack of the first. */
export function toResultError({ id, failures }: Extract<CaseResult, { readonly status: 'failed' }>): Error {
  const error = new Error(`${id}: ${failures.map(({ message }) => message).join('; ')}`)
  const [first] = failures
  if (first?.stack !== undefined) error.stack = first.stack
  return error
}
