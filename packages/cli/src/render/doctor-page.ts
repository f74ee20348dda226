import type { FeatureSupport, RuntimeReport } from '@capstan/core'
import { type PageStyle, toSection } from './page.js'
import { toPrintable } from './printable.js'
import {
  type ContextFindings,
  toAbsentTable,
  toAttemptTable,
  toCapabilityTable,
  toContextTable,
  toRuntimeTable,
  toSupportTable,
  toUnsupportedTable,
} from './runtime-tables.js'
import { wrapText } from './text.js'

/** The page of `capstan doctor`. No line is longer than the page is wide. */
export function toDoctorPage({ reports, contexts, supports, choice }: DoctorFindings, page: PageStyle): string {
  const sections = [
    toSection('Runtimes', toRuntimeTable(reports, page), page),
    `${wrapText(choice, page.width)}\n\n`,
    toSection("Docker's contexts", toContexts(reports, contexts, page), page),
    toSection('Endpoints that failed', toAttemptTable([...reports, ...toFailed(contexts)], page), page),
    toSection('Capabilities', toCapabilityTable(reports, page), page),
    toSection('Missing capabilities', toAbsentTable(reports, page), page),
    toSection('Unsupported options', toUnsupportedTable(reports, page), page),
    toSection('Features', toSupportTable(supports, page), page),
    toSection('Notes', toNotes(reports, page), page),
  ]
  return `${sections.join('').trimEnd()}\n`
}

export interface DoctorFindings {
  readonly reports: readonly RuntimeReport[]
  /** The contexts of docker. Shown if there is another one than `default`. */
  readonly contexts: readonly ContextFindings[]
  readonly supports: readonly FeatureSupport[]
  /** A sentence that names the runtime that commands use. */
  readonly choice: string
}

function toContexts(reports: readonly RuntimeReport[], contexts: readonly ContextFindings[], page: PageStyle): string {
  const current = reports.find(({ runtime }) => runtime === 'docker')
  return contexts.length < 2 ? '' : toContextTable(contexts, current, page)
}

function toFailed(contexts: readonly ContextFindings[]): readonly RuntimeReport[] {
  return contexts.flatMap(({ report }) => (report === undefined || report.available ? [] : [report]))
}

function toNotes(reports: readonly RuntimeReport[], { width }: PageStyle): string {
  return reports
    .flatMap((report) => (report.available ? report.notes.map((note) => `${report.runtime}: ${note}`) : []))
    .map((note) => wrapText(toPrintable(note), width))
    .join('\n')
}
