import type { Reason } from '../conformance-report.js'

/** A reason and its remedy as plain data: what is not there is left out. */
export function toReason({ reason, remedy }: { readonly reason: string; readonly remedy: string | undefined }): Reason {
  return remedy === undefined ? { reason } : { reason, remedy }
}
