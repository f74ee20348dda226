import { text } from 'node:stream/consumers'
import type { MemoryProcess, MemoryProgram } from '../memory-program.js'
import { fail, readFiles, reportErrors, write } from './command-io.js'
import { formatPrintf } from './printf.js'

/** Commands that write or read text. */
export const textCommands: Readonly<Record<string, MemoryProgram>> = { awk, cat, echo, head, printf, seq, wc, yes }

/** `awk '/PATTERN/ { print $N }' [FILE…]` prints field N of each line that matches. Other programs are not supported. */
async function awk(process: MemoryProcess): Promise<number> {
  const [, program = '', ...paths] = process.argv
  const [, pattern, field] = /^\s*\/(.*)\/\s*\{\s*print \$(\d+)\s*\}\s*$/.exec(program) ?? []
  if (pattern === undefined || field === undefined) return await fail(process, "expected '/PATTERN/ { print $N }'", 2)
  const expression = new RegExp(pattern)
  return await reportErrors(process, async () => {
    const lines = (await text(readFiles(process, paths))).split('\n')
    for (const line of lines.filter((candidate) => expression.test(candidate))) {
      await write(process.stdout, `${field === '0' ? line : (line.trim().split(/\s+/)[Number(field) - 1] ?? '')}\n`)
    }
  })
}

async function cat(process: MemoryProcess): Promise<number> {
  return await reportErrors(process, async () => {
    for await (const chunk of readFiles(process, process.argv.slice(1))) await write(process.stdout, chunk)
  })
}

async function echo({ argv: [, ...words], stdout }: MemoryProcess): Promise<number> {
  await write(stdout, words[0] === '-n' ? words.slice(1).join(' ') : `${words.join(' ')}\n`)
  return 0
}

/** `head -n LINES` or `head -c BYTES`. Default: ten lines. */
async function head(process: MemoryProcess): Promise<number> {
  const { option = '-n10', operands } = parseOption(process.argv, /^-[nc]/)
  const createLimit = option.startsWith('-n') ? createLineLimit : createByteLimit
  const findEnd = createLimit(Number(option.slice(2)))
  return await reportErrors(process, async () => {
    for await (const chunk of readFiles(process, operands)) {
      const end = findEnd(chunk)
      await write(process.stdout, chunk.subarray(0, end))
      if (end !== undefined) return
    }
  })
}

async function printf({ argv: [, format = '', ...values], stdout }: MemoryProcess): Promise<number> {
  await write(stdout, formatPrintf(format, values))
  return 0
}

/** `seq LAST`, `seq FIRST LAST`. */
async function seq(process: MemoryProcess): Promise<number> {
  const numbers = process.argv.slice(1).map(Number)
  const [first = 1, last = 0] = numbers.length === 1 ? [1, ...numbers] : numbers
  if (numbers.length > 2 || numbers.some((number) => !Number.isInteger(number)))
    return await fail(process, 'expected one or two integers')
  for (let at = first; at <= last; at += linesAtOnce) {
    const size = Math.min(linesAtOnce, last - at + 1)
    await write(process.stdout, Array.from({ length: size }, (_, index) => `${at + index}\n`).join(''))
  }
  return 0
}

/** `wc -c`, `wc -l`, `wc -w`, or without an option lines, words and bytes. */
async function wc(process: MemoryProcess): Promise<number> {
  const { option = '', operands } = parseOption(process.argv, /^-[lwc]$/)
  const counts = { '-l': 0, '-w': 0, '-c': 0 }
  let inWord = false
  return await reportErrors(process, async () => {
    for await (const chunk of readFiles(process, operands)) {
      counts['-c'] += chunk.length
      for (const byte of chunk) {
        const isSpace = byte === space || (byte >= tab && byte <= carriageReturn)
        if (byte === newline) counts['-l'] += 1
        if (!isSpace && !inWord) counts['-w'] += 1
        inWord = !isSpace
      }
    }
    const shown = Object.entries(counts).flatMap(([name, value]) => (option === '' || name === option ? value : []))
    await write(process.stdout, `${shown.join(' ')}\n`)
  })
}

/** Writes lines until a signal arrives, with the back-pressure of the reader. */
async function yes({ argv: [, ...words], stdout, signal }: MemoryProcess): Promise<number> {
  const line = `${words.length === 0 ? 'y' : words.join(' ')}\n`
  const lines = Buffer.from(line.repeat(Math.ceil(blockBytes / line.length)))
  while (!signal.aborted) await write(stdout, lines)
  throw signal.reason
}

/** Parses an optional first option, whose value may be in the same or the next word, and the operands. */
function parseOption([, ...words]: readonly string[], pattern: RegExp) {
  const [first = '', second = ''] = words
  if (!pattern.test(first)) return { option: undefined, operands: words }
  const isWhole = first.length > 2 || pattern.source.endsWith('$')
  return isWhole
    ? { option: first, operands: words.slice(1) }
    : { option: `${first}${second}`, operands: words.slice(2) }
}

/** Returns the offset in a chunk where the requested lines end; `undefined` while they continue. */
function createLineLimit(lines: number): (chunk: Buffer) => number | undefined {
  let left = lines
  return (chunk) => {
    for (let at = 0; left > 0; left -= 1) {
      const end = chunk.indexOf(newline, at)
      if (end === -1) return undefined
      at = end + 1
      if (left === 1) return at
    }
    return 0
  }
}

function createByteLimit(bytes: number): (chunk: Buffer) => number | undefined {
  let left = bytes
  return (chunk) => {
    if (left <= chunk.length) return left
    left -= chunk.length
    return undefined
  }
}

const tab = 9
const newline = 10
const carriageReturn = 13
const space = 32
const linesAtOnce = 1000
const blockBytes = 16_384
