import type { CaseResult, CaseStatus } from '../conformance-report.js'

/** How many cases ended in each way. */
export function countResults(cases: readonly CaseResult[]): Readonly<Record<CaseStatus, number>> {
  const counts = { passed: 0, failed: 0, absent: 0, refused: 0 }
  for (const { status } of cases) counts[status] += 1
  return counts
}
