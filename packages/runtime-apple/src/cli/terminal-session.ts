import { PassThrough, Writable } from 'node:stream'
import type { TerminalSize } from '@capstan/core'
import { type Environment, TerminalEof } from '@capstan/core/plugin'
import type { CliSession } from './apple-cli.js'
import { killGroup } from './kill-group.js'
import { readToEnd } from './read-to-end.js'
import type { TerminalLibrary, TerminalProcess } from './terminal-library.js'

export interface TerminalRun {
  readonly command: string
  readonly argv: readonly string[]
  readonly env: Environment
  readonly size: TerminalSize | undefined
}

/** Runs the command at a real terminal, which the command sets to raw mode. stdout carries both outputs. */
export function openTerminalSession(library: TerminalLibrary, { command, argv, env, size }: TerminalRun): CliSession {
  const { height = 24, width = 80 } = size ?? {}
  const options = { name: 'xterm-256color', cols: width, rows: height, encoding: null, env: { ...env } } as const
  const terminal = library.spawn(command, [...argv], options)
  let isDiscarding = false
  const stdout = readTerminal(terminal, () => isDiscarding)
  const exitCode = new Promise<number | undefined>((resolve) => {
    terminal.onExit(({ exitCode, signal = 0 }) => {
      stdout.end()
      resolve(signal === 0 ? exitCode : undefined)
    })
  })
  let hasEnded = false
  void exitCode.then(() => {
    hasEnded = true
  })
  return {
    stdin: writeTerminal(terminal, { exited: exitCode, hasEnded: () => hasEnded }),
    stdout,
    stderr: new PassThrough().end(),
    exitCode,
    resize: ({ height: rows, width: columns }) => {
      if (!hasEnded) tryResize(terminal, columns, rows)
    },
    killCommand: () => {
      if (hasEnded) return
      // node-pty reports the exit only after all output was read.
      isDiscarding = true
      stdout.resume()
      terminal.resume()
      killGroup(terminal.pid)
    },
  }
}

function readTerminal(terminal: TerminalProcess, isDiscarding: () => boolean): PassThrough {
  const output = new PassThrough()
  terminal.onData((data) => {
    if (isDiscarding() || output.writableEnded || output.write(data)) return
    terminal.pause()
    output.once('drain', () => terminal.resume())
  })
  readToEnd(terminal, (data) => {
    if (!isDiscarding() && !output.writableEnded) output.write(data)
  })
  return output
}

/** The terminal is closed shortly before its exit is reported, and cannot be resized in between. */
function tryResize(terminal: TerminalProcess, columns: number, rows: number): void {
  try {
    terminal.resize(columns, rows)
  } catch (error) {
    if (!(error instanceof Error && /EBADF|ENOTTY/.test(error.message))) throw error
  }
}

/**
 * Creates the stdin of the session. Its end is sent as the character end-of-transmission, because the terminal stays open until
 * the program ends.
 *
 * The character is not sent within the first second: the command sets the terminal to raw mode after it has started, and before
 * that the terminal itself would consume the character. This process cannot set raw mode, because that call waits until the
 * output is read, which this process does.
 */
function writeTerminal(terminal: TerminalProcess, { exited, hasEnded }: TerminalExit): Writable {
  const end = new TerminalEof()
  const openedAt = performance.now()
  const write = (chunk: Uint8Array) => {
    if (!hasEnded()) terminal.write(Buffer.from(chunk))
  }
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      end.note(chunk)
      write(chunk)
      done()
    },
    final(done) {
      const sendEnd = () => {
        void exited.then(end.sendTo(write))
        done()
      }
      setTimeout(sendEnd, Math.max(0, rawModeMs - (performance.now() - openedAt)))
    },
  })
}

interface TerminalExit {
  readonly exited: Promise<unknown>
  readonly hasEnded: () => boolean
}

const rawModeMs = 1_000
