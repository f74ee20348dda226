import type { BuildRecord } from '@capstan/feature-buildkit'
import { toAge, toDuration } from './duration.js'
import { toOneLine } from './printable.js'
import { renderTable } from './table.js'

/** Lists builds, one per line. */
export function toHistoryTable(records: readonly BuildRecord[], { width, now }: HistoryTableOptions): string {
  const rows = records.map((record) => [
    record.ref,
    record.state,
    toAge(record.createdAt, now),
    toTook(record),
    toBuildName(record),
  ])
  return renderTable({ head: ['BUILD ID', 'STATUS', 'CREATED', 'DURATION', 'NAME'], rows }, { width, overflow: 'cut' })
}

export interface HistoryTableOptions {
  /** In columns; `undefined`: unlimited. */
  readonly width: number | undefined
  readonly now: Date
}

/** Shows one build. */
export function toRecordPage(record: BuildRecord): string {
  const { ref, state, createdAt, attributes, response, error } = record
  const args = Object.entries(attributes).filter(([key]) => key.startsWith('build-arg:'))
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['build ID:', ref],
    ['name:', toBuildName(record)],
    ['status:', state],
    ['created:', createdAt?.toISOString()],
    ['duration:', toTook(record)],
    ['steps:', toSteps(record)],
    ['warnings:', record.warnings === 0 ? undefined : String(record.warnings)],
    ['context:', attributes.context],
    ['Dockerfile:', attributes.filename],
    ['target:', attributes.target],
    ['platform:', attributes.platform],
    ...args.map(([key, value]) => ['argument:', `${key.slice('build-arg:'.length)}=${value}`] as const),
    ['output:', record.exporters.map(({ type }) => type).join(', ')],
    ['digest:', response['containerimage.digest']],
    ['error:', error],
  ]
  const shown = rows.filter((row): row is readonly [string, string] => row[1] !== undefined && row[1] !== '')
  return shown.map(([title, value]) => `${title.padEnd(12)}${toOneLine(value)}\n`).join('')
}

/** BuildKit counts the steps at the end of a build. */
function toSteps({ state, totalSteps, completedSteps, cachedSteps }: BuildRecord): string | undefined {
  return state === 'running' ? undefined : `${totalSteps}, ${completedSteps} completed, ${cachedSteps} of them cached`
}

/** Returns the names of the image, else the URL of the context or the target. BuildKit records no name of a directory. */
function toBuildName({ exporters, attributes }: BuildRecord): string {
  const names = exporters.map((exporter) => exporter.attributes.name).filter((name) => name !== undefined)
  const short = names.map((name) => name.replaceAll('docker.io/library/', ''))
  return short.join(', ') || attributes.context || attributes.target || ''
}

function toTook({ createdAt, completedAt }: BuildRecord): string {
  return createdAt === undefined || completedAt === undefined
    ? ''
    : toDuration(completedAt.getTime() - createdAt.getTime())
}
