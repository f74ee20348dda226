import { setTimeout } from 'node:timers/promises'
import type { TerminalSize } from '@capstan/core'
import type { Output } from './io.js'

/** Returns the size of a terminal; `undefined` if the output is not a terminal, or one that reports 0 × 0. */
export function findTerminalSize({ isTTY, columns, rows }: Output): TerminalSize | undefined {
  if (isTTY !== true || !columns || !rows) return undefined
  return { width: columns, height: rows }
}

/** Calls `onSize` with each new size until the result is disposed of. */
export function watchTerminalSize(output: Output, onSize: (size: TerminalSize) => void): Disposable {
  const report = () => {
    const size = findTerminalSize(output)
    if (size !== undefined) onSize(size)
  }
  output.on('resize', report)
  return { [Symbol.dispose]: () => void output.off('resize', report) }
}

/**
 * Sets the size of this terminal on the terminal of a process, and each new size, until the result is disposed of.
 *
 * A process that has just started may not have a terminal yet, so the first size is retried. Failures are ignored.
 */
export function syncTerminalSize(output: Output, setSize: (size: TerminalSize) => Promise<void>): Disposable {
  const ended = new AbortController()
  const trySize = (size: TerminalSize) =>
    setSize(size).then(
      () => true,
      () => false,
    )
  const watch = watchTerminalSize(output, (size) => void trySize(size))
  void setFirstSize(output, trySize, ended.signal)
  return {
    [Symbol.dispose]: () => {
      watch[Symbol.dispose]()
      ended.abort()
    },
  }
}

async function setFirstSize(output: Output, trySize: (size: TerminalSize) => Promise<boolean>, ended: AbortSignal) {
  for (let attempt = 1; attempt <= maxAttempts && !ended.aborted; attempt += 1) {
    const size = findTerminalSize(output)
    if (size === undefined || (await trySize(size))) return
    await setTimeout(attempt * 10, undefined, { signal: ended }).catch(() => undefined)
  }
}

/** Returns the columns of a terminal, else `undefined`. A new pseudo-terminal reports 0, which counts as 80. */
export function findColumns({ isTTY, columns }: Output): number | undefined {
  return isTTY === true ? columns || 80 : undefined
}

const maxAttempts = 10
