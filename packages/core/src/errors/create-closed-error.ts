import type { ReportedPlugin } from '../contract/runtime-report.js'
import { createHostError } from './create-host-error.js'
import type { HostError } from './host-error.js'

/**
 * Creates the error of each call after `Runtime.close`: RUNTIME_UNAVAILABLE with one report, whose one attempt tells where
 * the runtime was open (`candidate`), that it was closed (`cause.code` is `CLOSED`), and how to open it again. Without a
 * runtime: the error of each call after the host was closed, which has no report.
 */
export function createClosedError(closed?: ClosedRuntime): HostError<'RUNTIME_UNAVAILABLE'> {
  if (closed === undefined) return createHostError('RUNTIME_UNAVAILABLE', { runtime: undefined, reports: [] })
  const { runtime, endpoint: candidate, selection = 'automatic', packageName, packageVersion } = closed
  const cause = { code: 'CLOSED', message: 'the runtime was closed' }
  const remedy = 'open it again with host.open()'
  const attempts = [{ candidate, source: 'open runtime', step: 'connect', cause, remedy }] as const
  const report = { runtime, selection, packageName, packageVersion, available: false, chosen: true, attempts } as const
  return createHostError('RUNTIME_UNAVAILABLE', { runtime, reports: [report] })
}

/** The facts of a runtime that the error after its closing reports. */
export interface ClosedRuntime {
  readonly runtime: string
  /** Where it was open, as in its report: an endpoint, a command. */
  readonly endpoint: string
  /** Default `automatic`. */
  readonly selection?: ReportedPlugin['selection']
  readonly packageName?: string | undefined
  readonly packageVersion?: string | undefined
}
