import { Writable } from 'node:stream'

/** Where terminal input goes. */
export interface TerminalInputOptions {
  /** The stdin of the process. */
  readonly stdin: Writable
  readonly echo: (bytes: Uint8Array) => Promise<void>
  readonly onInterrupt: () => void
}

/** Converts output for a terminal: LF becomes CR LF. */
export function toTerminalOutput(bytes: Uint8Array): Uint8Array {
  return Buffer.from(Buffer.from(bytes).toString('latin1').replaceAll('\n', '\r\n'), 'latin1')
}

/**
 * Creates the input of a terminal with the line editing that most programs rely on: echo, line buffering, CR as LF,
 * Ctrl-C as SIGINT, and Ctrl-D, which submits the current line or, on an empty line, ends the input. Ending the stream
 * ends stdin.
 */
export function createTerminalInput({ stdin, echo, onInterrupt }: TerminalInputOptions): Writable {
  let line: number[] = []
  const flush = () => {
    if (!stdin.writable) return
    stdin.write(Uint8Array.from(line))
    line = []
  }
  const handleByte = (byte: number): readonly number[] => {
    if (byte === interrupt) {
      line = []
      onInterrupt()
      return [caret, letterC, lineFeed]
    }
    if (byte === endOfFile) {
      if (line.length === 0) stdin.end()
      else flush()
      return []
    }
    if (byte === backspace || byte === deleteKey) return line.pop() === undefined ? [] : [backspace, space, backspace]
    line.push(byte === carriageReturn ? lineFeed : byte)
    if (line.at(-1) === lineFeed) flush()
    return byte === carriageReturn ? [lineFeed] : [byte]
  }
  const input = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      echo(Uint8Array.from([...chunk].flatMap(handleByte))).then(() => done(), done)
    },
    final(done) {
      flush()
      stdin.end(done)
    },
  })
  input.on('error', () => {})
  return input
}

const interrupt = 3
const endOfFile = 4
const backspace = 8
const lineFeed = 10
const carriageReturn = 13
const space = 32
const letterC = 67
const caret = 94
const deleteKey = 127
