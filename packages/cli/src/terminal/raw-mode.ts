import { spawnSync } from 'node:child_process'
import type { Io } from './io.js'

/**
 * Passes every key to the container, including Ctrl-C, until the result is disposed of. Does nothing if stdin is not a
 * terminal.
 *
 * Also restores the terminal when the process exits, which Node does not do.
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
 * Stops the terminal from converting LF into CR LF. The terminal of the container has done that already, and a full-screen
 * program moves the cursor by a bare LF. Node's raw mode does not stop it (libuv's UV_TTY_MODE_RAW sets ONLCR) and has no
 * option for it. Leaving raw mode restores it. Without `stty`, the terminal receives one CR too many.
 */
function keepLineFeeds({ stdin: { fd }, env }: Pick<Io, 'stdin' | 'env'>): void {
  if (fd !== undefined) spawnSync('stty', ['-opost'], { env: { ...env }, stdio: [fd, 'ignore', 'ignore'] })
}
