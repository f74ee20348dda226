import {
  builtInCapabilities,
  type FeatureSupport,
  isSlow,
  joinWords,
  type RuntimeReport,
  toCauseText,
} from '@capstan/core'
import type { PageStyle } from './section.js'
import { renderTable } from './table.js'

/** Each runtime: whether it is here, which version, and where. */
export function toRuntimeTable(reports: readonly RuntimeReport[], { width }: PageStyle): string {
  const rows = reports.map((report) =>
    report.available
      ? [report.runtime, toState(report), report.version, report.endpoint]
      : [report.runtime, toState(report), '', ''],
  )
  return renderTable({ head: ['RUNTIME', 'STATE', 'VERSION', 'ENDPOINT'], rows }, { width })
}

/** Each capability that any of them knows of, and which runtime provides it; several tables where one would be too wide. */
export function toCapabilityTable(reports: readonly RuntimeReport[], { width }: PageStyle): string {
  const available = reports.filter(isAvailable)
  const titles = toTitles(available)
  const toRow = (part: readonly Available[], id: string, title: string) => [
    title,
    ...part.map(({ provides }) => (provides.some((provided) => provided.id === id) ? 'yes' : 'no')),
  ]
  return toParts(available)
    .map((part) => ({
      head: ['CAPABILITY', ...part.map(({ runtime }) => runtime)],
      rows: [...titles].map(([id, title]) => toRow(part, id, title)),
    }))
    .map((table) => renderTable(table, { width }))
    .join('\n')
}

/** What an available runtime does not provide, why, and what to do about it. */
export function toAbsentTable(reports: readonly RuntimeReport[], { width }: PageStyle): string {
  const rows = reports
    .filter(isAvailable)
    .flatMap(({ runtime, absent }) =>
      absent.map(({ title, reason, remedy }) => [runtime, title, withRemedy(reason, remedy)]),
    )
  return orNothing({ head: ['RUNTIME', 'NO', 'WHY, AND WHAT TO DO'], rows }, width)
}

/** The options that an available runtime refuses: what each asks for, why, and what to do about it. */
export function toRefusalTable(reports: readonly RuntimeReport[], { width }: PageStyle): string {
  const rows = reports
    .filter(isAvailable)
    .flatMap(({ runtime, refuses }) =>
      refuses.map(({ field, description, reason, remedy }) => [
        runtime,
        `${field}\n(${description})`,
        withRemedy(reason, remedy),
      ]),
    )
  return orNothing({ head: ['RUNTIME', 'OPTION', 'WHY, AND WHAT TO DO'], rows }, width)
}

/** Each endpoint that was tried and did not serve. */
export function toAttemptTable(reports: readonly RuntimeReport[], { width }: PageStyle): string {
  const rows = reports.flatMap(({ runtime, attempts }) =>
    attempts.map(({ candidate, source, step, cause, remedy }) => [
      runtime,
      `${candidate}\n(${source})`,
      withRemedy(toFailure(step, toCauseText(cause)), remedy),
    ]),
  )
  return orNothing({ head: ['RUNTIME', 'ENDPOINT', 'WHY NOT, AND WHAT TO DO'], rows }, width)
}

/** Each feature on each runtime, with what is missing. */
export function toSupportTable(
  supports: readonly FeatureSupport[],
  { width }: PageStyle,
  toName: (runtime: string) => string = (runtime) => runtime,
): string {
  const rows = supports.map((support) => [support.feature, toName(support.runtime), ...toVerdict(support)])
  return orNothing({ head: ['FEATURE', 'RUNTIME', 'WORKS', 'WHY'], rows }, width)
}

function toState(report: RuntimeReport): string {
  if (!report.available) return isSlow(report) ? 'no answer in time' : 'not here'
  return report.selection === 'named' ? 'simulated' : 'available'
}

type Available = Extract<RuntimeReport, { available: true }>

function isAvailable(report: RuntimeReport): report is Available {
  return report.available
}

/** Those of the contract first, in its order. */
function toTitles(reports: readonly Available[]): ReadonlyMap<string, string> {
  const known = reports.flatMap(({ provides, absent }) => [...provides, ...absent])
  const first = builtInCapabilities.filter(({ id }) => known.some((named) => named.id === id))
  return new Map([...first, ...known].map(({ id, title }) => [id, title]))
}

function toParts(reports: readonly Available[]): readonly (readonly Available[])[] {
  const starts = reports.map((_, index) => index).filter((index) => index % columnsAtMost === 0)
  return starts.map((start) => reports.slice(start, start + columnsAtMost))
}

function withRemedy(reason: string, remedy: string | undefined): string {
  return remedy === undefined || remedy === '' ? reason : `${reason}\n→ ${remedy}`
}

function toVerdict(support: FeatureSupport): readonly [string, string] {
  if (support.supported) {
    const { lacks } = support
    return ['yes', lacks.length === 0 ? '' : `without ${joinWords(lacks.map(({ title }) => title))}`]
  }
  const titles = joinWords(support.missing.map(({ title }) => title))
  const reasons = new Set(support.missing.map(({ reason, remedy }) => withRemedy(reason, remedy)))
  return ['no', `needs ${titles}:\n${[...reasons].join('\n')}`]
}

function toFailure(step: string, cause: string): string {
  return cause.startsWith(step) ? cause : `${step}: ${cause}`
}

function orNothing(table: { readonly head: readonly string[]; readonly rows: readonly string[][] }, width: number) {
  return table.rows.length === 0 ? '' : renderTable(table, { width })
}

const columnsAtMost = 5
