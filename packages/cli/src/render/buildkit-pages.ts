import type { BuildKitPrivilege, BuildKitWorker, CacheRecord, PrivilegeLevelResult } from '@capstan/feature-buildkit'
import prettyBytes from 'pretty-bytes'
import { toAge } from './duration.js'
import type { PageStyle } from './page.js'
import { toOneLine } from './printable.js'
import { renderTable } from './table.js'

export interface BuildKitStatus {
  readonly runtime: string
  readonly containerId: string
  readonly privilege: BuildKitPrivilege
  readonly workers: readonly BuildKitWorker[]
  readonly cacheRecords: number
  readonly cacheBytes: number
}

/** The page of `capstan buildkit status`. */
export function toStatusPage(status: BuildKitStatus): string {
  const { runtime, containerId, privilege, workers, cacheRecords, cacheBytes } = status
  const [worker] = workers
  const platforms = [...new Set(workers.flatMap((one) => one.platforms))]
  const rows = [
    ['version:', worker?.version || 'unknown'],
    ['runtime:', runtime],
    ['container:', containerId],
    ['privilege:', privilege.replaceAll('-', ' ')],
    ['platforms:', platforms.join(', ')],
    ['cache:', `${prettyBytes(cacheBytes)} in ${cacheRecords} ${cacheRecords === 1 ? 'record' : 'records'}`],
  ]
  return rows.map(([title = '', value = '']) => `${title.padEnd(12)}${toOneLine(value)}\n`).join('')
}

/** Lists the privilege levels that were tried and are not used, with reasons, one per line. */
export function toPrivilegeLines(levels: readonly PrivilegeLevelResult[]): string {
  const unused = levels.filter(({ outcome }) => outcome !== 'selected')
  return unused
    .map(({ privilege, reason }) => `privilege level "${privilege}" is not used: ${toOneLine(reason)}\n`)
    .join('')
}

/** Lists the records of the cache, one per line, and their total size. */
export function toCachePage(records: readonly CacheRecord[], { width }: PageStyle, now: Date = new Date()): string {
  const total = `${prettyBytes(sumBytes(records))} in total\n`
  if (records.length === 0) return total
  const rows = records.map(({ id, sizeBytes, lastUsedAt, inUse, description }) => [
    id,
    prettyBytes(sizeBytes),
    inUse ? 'in use' : toAge(lastUsedAt, now),
    description,
  ])
  return `${renderTable({ head: ['ID', 'SIZE', 'USED', 'DESCRIPTION'], rows }, { width, overflow: 'cut' })}\n${total}`
}

/** Converts the records to the JSON document of `buildkit du` and `prune`. */
export function toCacheDocument(records: readonly CacheRecord[]): object {
  return { records, totalBytes: sumBytes(records) }
}

function sumBytes(records: readonly CacheRecord[]): number {
  return records.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}
