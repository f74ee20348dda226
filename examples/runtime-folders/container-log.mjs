// @ts-check
import { appendFileSync } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { delay } from '@capstan/core/plugin'

/**
 * Yields the chunks of a log from a position to its current end, or with `isRunning` until the program has ended.
 *
 * @template {string} S
 * @param {S} source
 * @param {string} log
 * @param {{ readonly from?: number, readonly isRunning?: () => Promise<boolean>, readonly signal: AbortSignal }} options
 */
export async function* readLog(source, log, { from = 0, isRunning, signal }) {
  const file = await open(log)
  try {
    let position = from
    let isOver = isRunning === undefined
    const end = isOver ? (await file.stat()).size : Number.POSITIVE_INFINITY
    for (;;) {
      signal.throwIfAborted()
      const length = Math.min(65_536, end - position)
      const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, position)
      position += bytesRead
      if (bytesRead > 0) yield { source, bytes: buffer.subarray(0, bytesRead) }
      else if (isOver) return
      else if (await isRunning?.()) await delay(20, { signal })
      // Reads once more, because the program may have written output before it ended.
      else isOver = true
    }
  } finally {
    await file.close()
  }
}

/**
 * Yields the output of an attached program and copies it to the log. After an abort, it still copies the output to the log,
 * so that the program does not block.
 *
 * @template {string} S
 * @param {S} source
 * @param {import('node:stream').Readable} output
 * @param {{ readonly log: string, readonly signal: AbortSignal }} options
 */
export async function* relayOutput(source, output, { log, signal }) {
  if ('unref' in output && typeof output.unref === 'function') output.unref()
  try {
    for await (const bytes of output.iterator({ destroyOnReturn: false })) {
      appendFileSync(log, bytes)
      signal.throwIfAborted()
      yield { source, bytes }
    }
  } finally {
    output.removeAllListeners('readable').on('data', (bytes) => appendFileSync(log, bytes))
  }
}

/**
 * Resolves with the byte offset at which the last lines of the log start.
 *
 * @param {string} log
 * @param {number} [lines] default: all
 */
export async function findTail(log, lines) {
  if (lines === undefined) return 0
  const bytes = await readFile(log)
  let start = bytes.length
  for (let left = lines; left > 0 && start > 0; left -= 1) start = bytes.lastIndexOf('\n', start - 2) + 1
  return start
}
