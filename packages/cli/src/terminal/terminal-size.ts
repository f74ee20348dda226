import { setTimeout } from 'node:timers/promises'
import type { TerminalSize } from '@capstan/core'
import type { Output } from '../io.js'

/** The size of the terminal, or `undefined` where there is none, or one that says 0 × 0. */
export function findTerminalSize({ isTTY, columns, rows }: Output): TerminalSize | undefined {
  if (isTTY !== true || !columns || !rows) return undefined
  return { width: columns, height: rows }
}

/** Tells each new size, until it is disposed of. */
export function watchTerminalSize(output: Output, onSize: (size: TerminalSize) => void): Disposable {
  const tell = () => {
    const size = findTerminalSize(output)
    if (size !== undefined) onSize(size)
  }
  output.on('resize', tell)
  return { [Symbol.dispose]: () => void output.off('resize', tell) }
}

/**
 * Gives the terminal of a process the size that this one has, and each new one, until it is disposed of.
 *
 * A process that was just started may not have a terminal yet, and one that ends at once has none any more: the first
 * size is tried for a while. None that cannot be set is a reason to fail.
 */
export function shareTerminalSize(output: Output, setSize: (size: TerminalSize) => Promise<void>): Disposable {
  const over = new AbortController()
  const trySize = (size: TerminalSize) => setSize(size).then(succeed, fail)
  const watch = watchTerminalSize(output, (size) => void trySize(size))
  void setFirstSize(output, trySize, over.signal)
  return {
    [Symbol.dispose]: () => {
      watch[Symbol.dispose]()
      over.abort()
    },
  }
}

async function setFirstSize(output: Output, trySize: (size: TerminalSize) => Promise<boolean>, over: AbortSignal) {
  for (let attempt = 1; attempt <= mostAttempts && !over.aborted; attempt += 1) {
    const size = findTerminalSize(output)
    if (size === undefined || (await trySize(size))) return
    await setTimeout(attempt * 10, undefined, { signal: over }).catch(fail)
  }
}

/** Columns of the terminal; `undefined` where there is none. One that says 0, as a fresh pseudo-terminal does, has 80. */
export function findColumns({ isTTY, columns }: Output): number | undefined {
  return isTTY === true ? columns || 80 : undefined
}

function succeed(): boolean {
  return true
}

function fail(): boolean {
  return false
}

const mostAttempts = 10
