import { spawnSync } from 'node:child_process'
import type { Io } from '../io.js'

/**
 * Hands every key to the container, Ctrl-C too, until it is disposed of; nothing where stdin is no terminal.
 *
 * An exit by another path restores the terminal as well: Node does not.
 */
export function enterRawMode({ stdin, env }: Pick<Io, 'stdin' | 'env'>): Disposable {
  const setRawMode = stdin.isTTY === true ? stdin.setRawMode?.bind(stdin) : undefined
  if (setRawMode === undefined) return { [Symbol.dispose]: () => undefined }
  const restore = () => void setRawMode(false)
  setRawMode(true)
  keepLineFeeds({ stdin, env })
  process.once('exit', restore)
  return {
    [Symbol.dispose]: () => {
      process.off('exit', restore)
      restore()
    },
  }
}

/**
 * Stops the terminal from making CR LF of each LF: the container's own terminal has done that, and a full-screen
 * program moves the cursor by a bare LF. Node's raw mode leaves it on (libuv's UV_TTY_MODE_RAW sets ONLCR), and has no
 * other. Leaving raw mode brings it back. Without `stty` the terminal shows a CR too many.
 */
function keepLineFeeds({ stdin: { fd }, env }: Pick<Io, 'stdin' | 'env'>): void {
  if (fd !== undefined) spawnSync('stty', ['-opost'], { env: { ...env }, stdio: [fd, 'ignore', 'ignore'] })
}
