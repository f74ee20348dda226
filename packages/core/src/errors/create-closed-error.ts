import type { ReportedPlugin } from '../contract/runtime-report.js'
import { createHostError } from './create-host-error.js'
import type { HostError } from './host-error.js'

/**
 * Creates the error of a call after `Runtime.close`: RUNTIME_UNAVAILABLE, whose report has an attempt with the
 * `cause.code` `CLOSED`. Without a runtime, creates the error of a call after the host was closed, which has no report.
 */
export function createClosedError(closed?: ClosedRuntime): HostError<'RUNTIME_UNAVAILABLE'> {
  if (closed === undefined) return createHostError('RUNTIME_UNAVAILABLE', { runtime: undefined, reports: [] })
  const { runtime, endpoint: candidate, selection = 'automatic', packageName, packageVersion } = closed
  const cause = { code: 'CLOSED', message: 'the runtime was closed' }
  const remedy = 'open it again with host.open()'
  const attempts = [{ candidate, source: 'open runtime', step: 'connect', cause, remedy }] as const
  const report = { runtime, selection, packageName, packageVersion, available: false, chosen: false, attempts } as const
  return createHostError('RUNTIME_UNAVAILABLE', { runtime, reports: [report] })
}

/** A closed runtime, as the error of a later call reports it. */
export interface ClosedRuntime {
  readonly runtime: string
  /** The endpoint or command, as in the runtime's report. */
  readonly endpoint: string
  /** Default `automatic`. */
  readonly selection?: ReportedPlugin['selection']
  readonly packageName?: string | undefined
  readonly packageVersion?: string | undefined
}
