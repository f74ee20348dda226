import type { FeatureSupport, RuntimeReport } from '@capstan/core'
import { type PageStyle, toSection } from './page.js'
import { toPrintable } from './printable.js'
import {
  toAbsentTable,
  toAttemptTable,
  toCapabilityTable,
  toRuntimeTable,
  toSupportTable,
  toUnsupportedTable,
} from './runtime-tables.js'
import { wrapText } from './text.js'

/** The page of `capstan doctor`. No line is longer than the page is wide. */
export function toDoctorPage({ reports, supports, choice }: DoctorFindings, page: PageStyle): string {
  const sections = [
    toSection('Runtimes', toRuntimeTable(reports, page), page),
    `${wrapText(choice, page.width)}\n\n`,
    toSection('Endpoints that failed', toAttemptTable(reports, page), page),
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
  readonly supports: readonly FeatureSupport[]
  /** A sentence that names the runtime that commands use. */
  readonly choice: string
}

function toNotes(reports: readonly RuntimeReport[], { width }: PageStyle): string {
  return reports
    .flatMap((report) => (report.available ? report.notes.map((note) => `${report.runtime}: ${note}`) : []))
    .map((note) => wrapText(toPrintable(note), width))
    .join('\n')
}
