import type { SweepReport } from '@capstan/core'
import type { SweepItem } from '@capstan/core/plugin'
import { type PageStyle, toSection } from './page.js'
import { toMessage, toOneLine, toPrintable } from './printable.js'
import { renderOptionalTable } from './table.js'
import { wrapText } from './text.js'

/** The page of `capstan sweep`. */
export function toSweepPage(
  reports: readonly SweepReport[],
  { dryRun, page }: { readonly dryRun: boolean; readonly page: PageStyle },
): string {
  if (reports.length === 0) return 'No runtime is available to sweep: see `capstan doctor`.\n'
  const sections = [
    toSection(
      dryRun ? 'Would be removed' : 'Removed',
      toItems(reports, 'removed', () => '', page),
      page,
    ),
    toSection(
      'Kept, because it may still be in use',
      toItems(reports, 'kept', ({ reason }) => reason, page),
      page,
    ),
    reports.some(({ kept }) => kept.length > 0) ? `${wrapText(keptRemedy, page.width)}\n\n` : '',
    toSection(
      'Could not be removed',
      toItems(reports, 'failed', ({ error }) => toMessage(error), page),
      page,
    ),
  ].join('')
  const unchecked = toSection('Could not be checked', toUnavailable(reports, page), page)
  const swept = reports.filter(({ unavailable }) => unavailable === undefined).map(({ runtime }) => runtime)
  const nothing = `Nothing was left behind on ${swept.join(', ')}.\n\n`
  const text = `${sections === '' && swept.length > 0 ? nothing : sections}${unchecked}`
  return `${text.trimEnd()}\n`
}

function toUnavailable(reports: readonly SweepReport[], { width }: PageStyle): string {
  const rows = reports.flatMap(({ runtime, unavailable }) =>
    (unavailable?.attempts ?? []).map(({ candidate, cause, remedy }) => [
      runtime,
      toPrintable(candidate),
      toPrintable(`${cause.message}\n→ ${remedy}`),
    ]),
  )
  return renderOptionalTable({ head: ['RUNTIME', 'ENDPOINT', 'REASON AND REMEDY'], rows }, { width })
}

function toItems<K extends 'removed' | 'kept' | 'failed'>(
  reports: readonly SweepReport[],
  key: K,
  toReason: (item: SweepReport[K][number]) => string,
  { width }: PageStyle,
): string {
  const items = reports.flatMap((report) => report[key].map((item) => ({ runtime: report.runtime, item })))
  const rows = items.map(({ runtime, item }) => [runtime, item.kind, toName(item), toReason(item)])
  const columns = rows.some(([, , , reason]) => reason !== '') ? 4 : 3
  const head = ['RUNTIME', 'KIND', 'NAME', 'REASON'].slice(0, columns)
  return renderOptionalTable({ head, rows: rows.map((row) => row.slice(0, columns)) }, { width })
}

function toName({ name, id }: SweepItem): string {
  const shown = toOneLine(name === '' ? id : name)
  return isDigest.test(shown) ? shown.slice(0, 19) : shown
}

const keptRemedy =
  '→ Run the sweep on the machine that created the resource. To remove it anyway, use `capstan rm --force NAME` for a ' +
  "container, and the engine's own command for any other resource."
const isDigest = /^(sha256:)?[0-9a-f]{64}$/
