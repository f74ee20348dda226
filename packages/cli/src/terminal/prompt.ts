import { createInterface } from 'node:readline'
import { PassThrough } from 'node:stream'
import { Interruption } from '../errors/interruption.js'
import type { Interrupts } from './interrupts.js'
import type { Io } from './io.js'

/** Asks for a line on the terminal. With `isHidden`, the characters that the user types are not shown. */
export async function askLine(question: string, { io, interrupts, isHidden = false }: PromptOptions): Promise<string> {
  const { signal } = interrupts
  signal.throwIfAborted()
  // readline writes what the user types to its output.
  const output = isHidden ? new PassThrough().resume() : io.stderr
  const lines = createInterface({ input: io.stdin, output, terminal: true })
  if (isHidden) io.stderr.write(question)
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.on('SIGINT', () => interrupts.abort(new Interruption('SIGINT')))
      lines.on('close', () => resolve(''))
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      lines.question(isHidden ? '' : question, resolve)
    })
  } finally {
    lines.close()
    if (isHidden) io.stderr.write('\n')
  }
}

export interface PromptOptions {
  readonly io: Pick<Io, 'stdin' | 'stderr'>
  readonly interrupts: Interrupts
  readonly isHidden?: boolean
}
