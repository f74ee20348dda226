// @ts-check
import { appendFileSync } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { delay } from '@capstan/core/plugin'

/**
 * Reads a log from a position to its present end, or with `isRunning` until the program has ended.
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
      else isOver = true // reads again: something may have been written before the program ended
    }
  } finally {
    await file.close()
  }
}

/**
 * Copies an output of an attached program to the log. After an abort it does so without the reader, so that the program
 * does not block.
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
 * Resolves with the position of the last lines.
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
