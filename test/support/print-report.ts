import type { CaseResult, ConformanceReport } from '@capstan/conformance'

/** Prints the number of cases, and why some are absent or unsupported. `place` names the engine if the plugin name does not. */
export function printReport({ plugin, endpoint, counts, cases, durationMs }: ConformanceReport, place = ''): void {
  const { passed, failed, absent, unsupported } = counts
  const heading = `${plugin.name} ${endpoint.version}${place}: ${passed} passed, ${failed} failed, ${absent} absent, ${unsupported} unsupported`
  console.log([`${heading} (${durationMs} ms)`, ...new Set(cases.flatMap(toReasonLine))].join('\n  '))
}

function toReasonLine(result: CaseResult): readonly string[] {
  if (result.status !== 'absent' && result.status !== 'unsupported') return []
  return result.missing.map(({ subject, reason }) => `${result.status} ${subject}: ${reason}`)
}
