import type { RefusedOption } from '@capstan/core'
import { loadTerminalLibrary } from '../cli/terminal-library.js'

/** Why no container can have a terminal here; `undefined`: one can. */
export async function findTerminalRefusal(): Promise<RefusedOption | undefined> {
  if ((await loadTerminalLibrary()) !== undefined) return undefined
  const reason = 'the command wants a terminal of its own, and no library for that is installed'
  return { field: 'tty', reason, remedy: 'install the package @lydell/node-pty beside @capstan/runtime-apple' }
}
