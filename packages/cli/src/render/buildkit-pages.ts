import type { BuildKitPrivilege, BuildKitWorker, CacheRecord, PrivilegeLevelResult } from '@capstan/feature-buildkit'
import prettyBytes from 'pretty-bytes'
import { toAge } from './duration.js'
import { toOneLine } from './printable.js'
import type { PageStyle } from './section.js'
import { renderTable } from './table.js'

export interface BuildKitStatus {
  readonly runtime: string
  readonly containerId: string
  readonly privilege: BuildKitPrivilege
  readonly workers: readonly BuildKitWorker[]
  readonly cacheRecords: number
  readonly cacheBytes: number
}

/** What a BuildKit that runs is, for a person. */
export function toStatusPage(status: BuildKitStatus): string {
  const { runtime, containerId, privilege, workers, cacheRecords, cacheBytes } = status
  const [worker] = workers
  const platforms = [...new Set(workers.flatMap((one) => one.platforms))]
  const rows = [
    ['version:', worker?.version || 'it does not tell'],
    ['runtime:', runtime],
    ['container:', containerId],
    ['privilege:', privilege.replaceAll('-', ' ')],
    ['platforms:', platforms.join(', ')],
    ['cache:', `${prettyBytes(cacheBytes)} in ${cacheRecords} ${cacheRecords === 1 ? 'entry' : 'entries'}`],
  ]
  return rows.map(([title = '', value = '']) => `${title.padEnd(12)}${toOneLine(value)}\n`).join('')
}

/** One line per privilege level that was tried in vain, with the reason; empty when the first one worked. */
export function toPrivilegeLines(levels: readonly PrivilegeLevelResult[]): string {
  const skipped = levels.filter(({ verdict }) => verdict !== 'runs')
  return skipped.map(({ privilege, reason }) => `${privilege} was skipped: ${toOneLine(reason)}\n`).join('')
}

/** Entries of the cache, one a line, and their sum. */
export function toCachePage(records: readonly CacheRecord[], { width }: PageStyle, now: Date = new Date()): string {
  const total = `${prettyBytes(sumBytes(records))} in all\n`
  if (records.length === 0) return total
  const rows = records.map(({ id, sizeBytes, lastUsedAt, inUse, description }) => [
    id,
    prettyBytes(sizeBytes),
    inUse ? 'in use' : toAge(lastUsedAt, now),
    description,
  ])
  return `${renderTable({ head: ['ID', 'SIZE', 'USED', 'WHAT'], rows }, { width, overflow: 'cut' })}\n${total}`
}

/** The same for a program. */
export function toCacheDocument(records: readonly CacheRecord[]): object {
  return { records, totalBytes: sumBytes(records) }
}

function sumBytes(records: readonly CacheRecord[]): number {
  return records.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}
