import type { CaseResult, ConformanceReport } from '@capstan/conformance'

/** Says how many cases ran, and what was absent or refused, with the reasons. `place`: on what, where the name does not tell. */
export function printReport({ plugin, endpoint, counts, cases, durationMs }: ConformanceReport, place = ''): void {
  const { passed, failed, absent, refused } = counts
  const heading = `${plugin.name} ${endpoint.version}${place}: ${passed} passed, ${failed} failed, ${absent} absent, ${refused} refused`
  console.log([`${heading} (${durationMs} ms)`, ...new Set(cases.flatMap(toReasonLine))].join('\n  '))
}

function toReasonLine(result: CaseResult): readonly string[] {
  if (result.status !== 'absent' && result.status !== 'refused') return []
  return result.missing.map(({ subject, reason }) => `${result.status} ${subject}: ${reason}`)
}
