import type { ContainerLog, LogRecord } from './state/container-log.js'

/** Tells whether a reader has asked for a record. */
export type LogFilter = (record: LogRecord) => boolean

/** A byte position in a log. */
export interface LogPosition {
  /** The position of the record in the log. */
  readonly position: number
  /** The offset in the bytes of that record. */
  readonly offset: number
}

/** Finds the start of the last `lines` lines that pass the filter; without `lines`, the start of the log. */
export function findTail(log: ContainerLog, isWanted: LogFilter, lines: number | undefined): LogPosition {
  if (lines === undefined) return { position: log.start, offset: 0 }
  // The newline that ends the last line does not start another line.
  let left = lines === 0 ? 0 : lines + 1
  let isLast = true
  for (let position = log.end - 1; position >= log.start && left > 0; position -= 1) {
    const record = log.at(position)
    if (record === undefined || !isWanted(record)) continue
    if (isLast && record.bytes.at(-1) !== newline) left -= 1
    isLast = false
    const findNewlineBefore = (end: number) => (end === 0 ? -1 : record.bytes.lastIndexOf(newline, end - 1))
    for (let at = findNewlineBefore(record.bytes.length); at !== -1; at = findNewlineBefore(at)) {
      left -= 1
      if (left === 0)
        return at + 1 === record.bytes.length ? { position: position + 1, offset: 0 } : { position, offset: at + 1 }
    }
  }
  return left === 0 ? { position: log.end, offset: 0 } : { position: log.start, offset: 0 }
}

/** Splits bytes after each newline and at 16 KiB, as Docker stores log lines. */
export function* splitLines(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const lineEnd = bytes.indexOf(newline, at)
    const end = Math.min(lineEnd === -1 ? bytes.length : lineEnd + 1, at + maximumLineBytes)
    yield bytes.subarray(at, end)
    at = end
  }
}

const newline = 10
const maximumLineBytes = 16_384
