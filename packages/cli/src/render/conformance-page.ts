import type { CaseResult, CaseStatus, ConformanceReport } from '@capstan/conformance'
import { toDuration } from './duration.js'
import { type PageStyle, toSection } from './page.js'
import { toPrintable } from './printable.js'
import { renderOptionalTable, renderTable } from './table.js'
import { wrapText } from './text.js'

/** The page of `capstan conformance`: counts per group, failures, absent capabilities and unsupported options with reasons. */
export function toConformancePage(report: ConformanceReport, page: PageStyle): string {
  const { kit, plugin, endpoint, cases, counts, durationMs } = report
  const { passed, failed, absent, unsupported } = counts
  const subject = `${plugin.name} ${endpoint.version}, ${endpoint.address}`
  const by = `${plugin.packageName} ${plugin.packageVersion}, tested by ${kit.packageName} ${kit.packageVersion}`
  const sum = `${passed} passed, ${failed} failed, ${absent} absent, ${unsupported} unsupported, in ${toDuration(durationMs)}`
  return [
    `${wrapText(toPrintable(`${subject} (${by})`), page.width)}\n\n`,
    toSection('Cases', toGroupTable(cases, page), page),
    toSection('Failed', toFailureTable(cases, page), page),
    toSection('Errors outside of a case', toOutsideList(report), page),
    toSection('Absent', toMissingTable(cases, 'absent', page), page),
    toSection('Unsupported options', toMissingTable(cases, 'unsupported', page), page),
    `${page.style('bold', sum)}\n`,
  ].join('')
}

function toGroupTable(cases: readonly CaseResult[], { width }: PageStyle): string {
  const groups = new Set(cases.map(toGroup))
  const rows = [...groups].map((group) => {
    const members = cases.filter((result) => toGroup(result) === group)
    const counts = statuses.map((status) => members.filter((result) => result.status === status).length)
    return [group, members[0]?.capability ?? '', ...counts.map((count) => (count === 0 ? '' : String(count)))]
  })
  return renderTable({ head: ['GROUP', 'CAPABILITY', 'PASSED', 'FAILED', 'ABSENT', 'UNSUPPORTED'], rows }, { width })
}

function toFailureTable(cases: readonly CaseResult[], { width }: PageStyle): string {
  const rows = cases.flatMap((result) =>
    result.status === 'failed'
      ? [[result.id, [result.title, ...result.failures.map(({ message }) => `→ ${toPrintable(message)}`)].join('\n')]]
      : [],
  )
  return renderOptionalTable({ head: ['CASE', 'FAILURE'], rows }, { width })
}

function toOutsideList({ outside = [] }: ConformanceReport): string {
  return outside.map(({ message }) => `→ ${toPrintable(message)}\n`).join('')
}

/** Lists each absent capability or unsupported option once, with the number of its cases. */
function toMissingTable(cases: readonly CaseResult[], status: 'absent' | 'unsupported', { width }: PageStyle): string {
  const missing = cases.flatMap((result) => (result.status === status ? result.missing : []))
  const subjects = new Map(missing.map((entry) => [entry.subject, entry]))
  const rows = [...subjects].map(([subject, { description, reason, remedy = '' }]) => [
    description === undefined ? subject : `${subject}\n(${description})`,
    String(missing.filter((entry) => entry.subject === subject).length),
    toPrintable([reason, remedies[subject] ?? remedy].filter((text) => text !== '').join('\n→ ')),
  ])
  return renderOptionalTable({ head: ['SUBJECT', 'CASES', 'REASON AND REMEDY'], rows }, { width })
}

function toGroup({ id }: CaseResult): string {
  return id.slice(0, id.indexOf('-'))
}

const statuses: readonly CaseStatus[] = ['passed', 'failed', 'absent', 'unsupported']

/** The remedies for options of the kit that are options of the command. */
const remedies: Readonly<Record<string, string>> = {
  unavailableEnv: 'pass it by --unavailable-env KEY=VALUE',
  specifier: 'pass the plugin by --plugin, so that another process can load it',
}
