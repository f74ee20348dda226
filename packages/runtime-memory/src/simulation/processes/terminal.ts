import { Writable } from 'node:stream'

/** Where the keys of a terminal lead. */
export interface TerminalInputOptions {
  /** What the process reads. */
  readonly stdin: Writable
  readonly echo: (bytes: Uint8Array) => Promise<void>
  readonly onInterrupt: () => void
}

/** Output as a terminal shows it: CR LF for LF. */
export function toTerminalOutput(bytes: Uint8Array): Uint8Array {
  if (!bytes.includes(lineFeed)) return bytes
  const shown: number[] = []
  for (const byte of bytes) {
    if (byte === lineFeed) shown.push(carriageReturn)
    shown.push(byte)
  }
  return Uint8Array.from(shown)
}

/**
 * Input as a terminal gives it to a process, in the ways that most programs meet: echoed, by the line, CR as LF,
 * Ctrl-C as SIGINT, Ctrl-D as what is there, or as the end. Its own end is the end of stdin.
 */
export function createTerminalInput({ stdin, echo, onInterrupt }: TerminalInputOptions): Writable {
  let line: number[] = []
  const flush = () => {
    if (!stdin.writable) return
    stdin.write(Uint8Array.from(line))
    line = []
  }
  const take = (byte: number): readonly number[] => {
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
    if (byte === backspace || byte === erase) return line.pop() === undefined ? [] : [backspace, space, backspace]
    line.push(byte === carriageReturn ? lineFeed : byte)
    if (line.at(-1) === lineFeed) flush()
    return byte === carriageReturn ? [lineFeed] : [byte]
  }
  const input = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      echo(Uint8Array.from([...chunk].flatMap(take))).then(() => done(), done)
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
const erase = 127
