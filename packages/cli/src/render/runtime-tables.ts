import type { FeatureSupport, RuntimeReport } from '@capstan/core'
import { builtInCapabilities, hasTimedOutAttempt, joinWords, toCauseText } from '@capstan/core/plugin'
import type { DockerContext } from '@capstan/runtime-docker'
import type { PageStyle } from './page.js'
import { renderOptionalTable, renderTable } from './table.js'

/** Lists the runtimes with state, version and endpoint. */
export function toRuntimeTable(reports: readonly RuntimeReport[], { width }: PageStyle): string {
  const rows = reports.map((report) =>
    report.available
      ? [report.runtime, toState(report), report.version, toLocationText(report), report.endpoint]
      : [report.runtime, toState(report), '', '', ''],
  )
  return renderTable({ head: ['RUNTIME', 'STATE', 'VERSION', 'LOCATION', 'ENDPOINT'], rows }, { width })
}

/** A context of docker, and whether its engine answers. */
export interface ContextFindings {
  readonly context: DockerContext
  /** `undefined` for the current context, for which the report of runtime docker applies, and for one that cannot be used. */
  readonly report: RuntimeReport | undefined
}

/** Lists the contexts of docker. `current` is the report of runtime docker, which uses the current context. */
export function toContextTable(
  contexts: readonly ContextFindings[],
  current: RuntimeReport | undefined,
  { width }: PageStyle,
): string {
  const rows = contexts.map(({ context, report: own }) => {
    const { name, isCurrent, problem = '', endpoint = problem } = context
    const report = isCurrent ? current : own
    return [
      isCurrent ? `${name} *` : name,
      report === undefined ? 'unavailable' : toState(report),
      report?.available ? report.version : '',
      report?.available ? toLocationText(report) : '',
      report?.available ? report.endpoint : endpoint,
    ]
  })
  return renderTable({ head: ['CONTEXT', 'STATE', 'VERSION', 'LOCATION', 'ENDPOINT'], rows }, { width })
}

/** Shows which runtime provides which capability, in several tables if one would be too wide. */
export function toCapabilityTable(reports: readonly RuntimeReport[], { width }: PageStyle): string {
  const available = reports.filter(isAvailable)
  const titles = toTitles(available)
  const toRow = (group: readonly Available[], id: string, title: string) => [
    title,
    ...group.map(({ provides }) => (provides.some((provided) => provided.id === id) ? 'yes' : 'no')),
  ]
  return toGroups(available)
    .map((group) => ({
      head: ['CAPABILITY', ...group.map(({ runtime }) => runtime)],
      rows: [...titles].map(([id, title]) => toRow(group, id, title)),
    }))
    .map((table) => renderTable(table, { width }))
    .join('\n')
}

/** Lists the capabilities that available runtimes lack, with one row for those that have the same reason and remedy. */
export function toAbsentTable(reports: readonly RuntimeReport[], { width }: PageStyle): string {
  const rows = reports
    .filter(isAvailable)
    .flatMap(({ runtime, absent }) => toReasonRows(runtime, absent, ({ title }) => title))
  return renderOptionalTable({ head: ['RUNTIME', 'MISSING', 'REASON AND REMEDY'], rows }, { width })
}

/** Lists the options that available runtimes do not support, with one row for those that have the same reason and remedy. */
export function toUnsupportedTable(reports: readonly RuntimeReport[], { width }: PageStyle): string {
  const rows = reports
    .filter(isAvailable)
    .flatMap(({ runtime, unsupportedOptions }) =>
      toReasonRows(runtime, unsupportedOptions, ({ field, description }) => `${field}\n(${description})`),
    )
  return renderOptionalTable({ head: ['RUNTIME', 'OPTION', 'REASON AND REMEDY'], rows }, { width })
}

/** Lists the endpoints that failed, with reason and remedy. */
export function toAttemptTable(reports: readonly RuntimeReport[], { width }: PageStyle): string {
  const rows = reports.flatMap(({ runtime, attempts }) =>
    attempts.map(({ candidate, source, step, cause, remedy }) => [
      runtime,
      `${candidate}\n(${source})`,
      withRemedy(toFailure(step, toCauseText(cause)), remedy),
    ]),
  )
  return renderOptionalTable({ head: ['RUNTIME', 'ENDPOINT', 'REASON AND REMEDY'], rows }, { width })
}

/** Shows the support of each feature on each runtime, with missing capabilities. */
export function toSupportTable(
  supports: readonly FeatureSupport[],
  { width }: PageStyle,
  toName: (runtime: string) => string = (runtime) => runtime,
): string {
  const rows = supports.map((support) => [support.feature, toName(support.runtime), ...toVerdict(support)])
  return renderOptionalTable({ head: ['FEATURE', 'RUNTIME', 'WORKS', 'REASON'], rows }, { width })
}

function toState(report: RuntimeReport): string {
  if (!report.available) return hasTimedOutAttempt(report) ? 'no answer in time' : 'unavailable'
  return report.selection === 'named' ? 'simulated' : 'available'
}

/** Returns where the containers of a runtime run. */
function toLocationText({ location }: Available): string {
  return location === undefined ? '' : location.replace('-', ' ')
}

type Available = Extract<RuntimeReport, { available: true }>

function isAvailable(report: RuntimeReport): report is Available {
  return report.available
}

/** Returns the titles by ID: the capabilities of the contract first, in its order. */
function toTitles(reports: readonly Available[]): ReadonlyMap<string, string> {
  const known = reports.flatMap(({ provides, absent }) => [...provides, ...absent])
  const first = builtInCapabilities.filter(({ id }) => known.some((named) => named.id === id))
  return new Map([...first, ...known].map(({ id, title }) => [id, title]))
}

function toGroups(reports: readonly Available[]): readonly (readonly Available[])[] {
  const starts = reports.map((_, index) => index).filter((index) => index % maxColumns === 0)
  return starts.map((start) => reports.slice(start, start + maxColumns))
}

/** Returns a row for each reason, with the subjects that have it. */
function toReasonRows<T extends { readonly reason: string; readonly remedy?: string | undefined }>(
  runtime: string,
  entries: readonly T[],
  toSubject: (entry: T) => string,
): readonly (readonly string[])[] {
  const subjects = new Map<string, readonly string[]>()
  for (const entry of entries) {
    const reason = withRemedy(entry.reason, entry.remedy)
    subjects.set(reason, [...(subjects.get(reason) ?? []), toSubject(entry)])
  }
  return [...subjects].map(([reason, names]) => [runtime, names.join('\n'), reason])
}

function withRemedy(reason: string, remedy: string | undefined): string {
  return remedy === undefined || remedy === '' ? reason : `${reason}\n→ ${remedy}`
}

function toVerdict(support: FeatureSupport): readonly [string, string] {
  if (support.supported) {
    const { missingOptional } = support
    return [
      'yes',
      missingOptional.length === 0 ? '' : `without ${joinWords(missingOptional.map(({ title }) => title))}`,
    ]
  }
  const titles = joinWords(support.missing.map(({ title }) => title))
  const reasons = new Set(support.missing.map(({ reason, remedy }) => withRemedy(reason, remedy)))
  return ['no', `needs ${titles}:\n${[...reasons].join('\n')}`]
}

function toFailure(step: string, cause: string): string {
  return cause.startsWith(step) ? cause : `${step}: ${cause}`
}

const maxColumns = 5
