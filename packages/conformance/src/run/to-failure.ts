import { isHostError } from '@capstan/core'
import { show } from '../assert/expect.js'
import { ConformanceFailure } from '../conformance-failure.js'
import type { CaseFailure } from '../conformance-report.js'
import { UnhandledError } from './plugin-guard.js'

/** Converts a thrown value to plain data. A value whose properties throw when they are read becomes a failure as well. */
export function toFailure(error: unknown): CaseFailure {
  try {
    return readFailure(error)
  } catch {
    return { message: 'a value that cannot be read was thrown' }
  }
}

function readFailure(error: unknown): CaseFailure {
  if (error instanceof UnhandledError) {
    return { message: error.message, unhandled: true, ...toCode(error.cause), ...toStack(error) }
  }
  if (error instanceof ConformanceFailure) {
    const { message, expected, seen, cause } = error
    return { message, expected, seen, ...toCode(cause), ...toStack(error) }
  }
  if (isHostError(error)) return { message: `${error.code}: ${error.message}`, ...toCode(error), ...toStack(error) }
  if (error instanceof AggregateError) {
    return { message: [error.message, ...error.errors.map(show)].join(': '), ...toStack(error) }
  }
  if (error instanceof Error) return { message: `${error.name}: ${error.message}`, ...toCode(error), ...toStack(error) }
  return { message: `${show(error)} was thrown` }
}

function toCode(error: unknown): { readonly code?: string } {
  const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? { code } : {}
}

function toStack({ stack }: Error): { readonly stack?: string } {
  return stack === undefined ? {} : { stack }
}
