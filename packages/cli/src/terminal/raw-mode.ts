import type { Input } from '../io.js'

/**
 * Hands every key to the container, Ctrl-C too, until it is disposed of; nothing where stdin is no terminal.
 *
 * An exit by another path restores the terminal as well: Node does not.
 */
export function enterRawMode(stdin: Input): Disposable {
  const setRawMode = stdin.isTTY === true ? stdin.setRawMode?.bind(stdin) : undefined
  if (setRawMode === undefined) return { [Symbol.dispose]: () => undefined }
  const restore = () => void setRawMode(false)
  setRawMode(true)
  process.once('exit', restore)
  return {
    [Symbol.dispose]: () => {
      process.off('exit', restore)
      restore()
    },
  }
}
