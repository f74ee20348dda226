import type { Reason } from '../conformance-report.js'

/** Converts a reason and its remedy to plain data without `undefined`. */
export function toReason({ reason, remedy }: { readonly reason: string; readonly remedy: string | undefined }): Reason {
  return remedy === undefined ? { reason } : { reason, remedy }
}
