import type { Writable } from 'node:stream'

/** One line on stderr for what is no error. */
export function writeWarning(stderr: Writable, message: string): void {
  stderr.write(`capstan: warning: ${message}\n`)
}
