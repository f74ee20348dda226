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

/** Columns of the terminal; `undefined` where there is none. One that says 0, as a fresh pseudo-terminal does, has 80. */
export function findColumns({ isTTY, columns }: Output): number | undefined {
  return isTTY === true ? columns || 80 : undefined
}
