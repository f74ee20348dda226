import type { ContainerLog, LogRecord } from './state/container-log.js'

/** Whether a record is one of those that are asked for. */
export type LogFilter = (record: LogRecord) => boolean

/** A place in a log. */
export interface LogPosition {
  /** Of the record. */
  readonly position: number
  /** In its bytes. */
  readonly offset: number
}

/** Where the last `lines` lines of what is wanted begin; without a number, where the log does. */
export function findTail(log: ContainerLog, isWanted: LogFilter, lines: number | undefined): LogPosition {
  if (lines === undefined) return { position: log.start, offset: 0 }
  // The end of the last line begins no line of its own.
  let left = lines === 0 ? 0 : lines + 1
  let isLast = true
  for (let position = log.end - 1; position >= log.start && left > 0; position -= 1) {
    const record = log.at(position)
    if (record === undefined || !isWanted(record)) continue
    if (isLast && record.bytes.at(-1) !== newline) left -= 1
    isLast = false
    for (
      let at = record.bytes.lastIndexOf(newline);
      at !== -1;
      at = at === 0 ? -1 : record.bytes.lastIndexOf(newline, at - 1)
    ) {
      left -= 1
      if (left === 0)
        return at + 1 === record.bytes.length ? { position: position + 1, offset: 0 } : { position, offset: at + 1 }
    }
  }
  return left === 0 ? { position: log.end, offset: 0 } : { position: log.start, offset: 0 }
}

/** Cut after each line end and at 16 KiB, as a real engine keeps log lines. */
export function* toPieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const lineEnd = bytes.indexOf(newline, at)
    const end = Math.min(lineEnd === -1 ? bytes.length : lineEnd + 1, at + longestPiece)
    yield bytes.subarray(at, end)
    at = end
  }
}

const newline = 10
const longestPiece = 16_384
