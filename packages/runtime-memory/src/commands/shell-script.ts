import { type ParseEntry, parse } from 'shell-quote'

/** How a step depends on the one before. */
export type Connector = ';' | '&&' | '||'

export interface ShellStep {
  readonly connector: Connector
  /** One command, or several joined by `|`. */
  readonly pipeline: readonly ShellCommand[]
}

export interface ShellCommand {
  /** Expanded by {@link expandWords} when the command runs. */
  readonly words: readonly string[]
  readonly input: string | undefined
  readonly output: { readonly kind: 'file' | 'append'; readonly path: string } | { readonly kind: 'stderr' } | undefined
}

/**
 * The steps of a script in the small language of the simulated `sh`.
 *
 * Commands, quotes, `$NAME`, `;` or line ends, `&&`, `||`, `|`, `< file`, `> file`, `>> file`, `>&2`. Anything else: throws.
 */
export function parseScript(text: string): readonly ShellStep[] {
  const steps: ShellStep[] = []
  let connector: Connector = ';'
  for (const entries of splitBy(splitLines(text).flatMap(toEntries), isConnector)) {
    if (entries.items.length > 0) steps.push({ connector, pipeline: toPipeline(entries.items) })
    connector = toConnector(entries.separator)
  }
  return steps
}

/** Replaces what stands for variables; a word that is `$@` alone becomes all arguments. */
export function expandWords(
  words: readonly string[],
  find: (name: string) => string,
  all: readonly string[],
): readonly string[] {
  const expand = (word: string) => word.replace(/\0([^\0]*)\0/g, (_, name: string) => find(name))
  return words.flatMap((word) => (word === mark('@') ? all : expand(word)))
}

type Entry = ParseEntry

function toPipeline(entries: readonly Entry[]): readonly ShellCommand[] {
  return splitBy(entries, (entry) => isOperator(entry, '|')).map(({ items }) => toCommand(items))
}

function toCommand(entries: readonly Entry[]): ShellCommand {
  const words: string[] = []
  let input: string | undefined
  let output: ShellCommand['output']
  for (let at = 0; at < entries.length; at += 1) {
    const entry = entries[at]
    const word = toWord(entry)
    if (word !== undefined) words.push(word)
    else {
      at += 1
      const target = toWord(entries[at])
      if (target === undefined) throw createSyntaxError(entry)
      if (isOperator(entry, '<')) input = target
      else if (isOperator(entry, '>')) output = { kind: 'file', path: target }
      else if (isOperator(entry, '>>')) output = { kind: 'append', path: target }
      else if (isOperator(entry, '>&') && target === '2') output = { kind: 'stderr' }
      else throw createSyntaxError(entry)
    }
  }
  if (words.length === 0) throw createSyntaxError(entries[0])
  return { words, input, output }
}

function toWord(entry: Entry | undefined): string | undefined {
  if (typeof entry === 'string') return entry
  return typeof entry === 'object' && 'pattern' in entry ? entry.pattern : undefined
}

function toEntries(line: string): readonly Entry[] {
  const entries = parse(line, mark).filter((entry) => typeof entry === 'string' || 'op' in entry)
  return [...entries, { op: ';' }]
}

/** Stands for a variable until its command runs: what is set before is seen then. No argument can hold NUL. */
function mark(name: string): string {
  return `\0${name}\0`
}

/** At line ends that are in no quotes. */
function splitLines(text: string): readonly string[] {
  const lines = text.match(/(?:'[^']*'|"(?:\\[\s\S]|[^"\\])*"|\\[\s\S]|[^\n'"\\])+/g)
  return lines ?? []
}

function isConnector(entry: Entry): boolean {
  return isOperator(entry, ';') || isOperator(entry, '&&') || isOperator(entry, '||')
}

function toConnector(entry: Entry | undefined): Connector {
  if (isOperator(entry, '&&')) return '&&'
  return isOperator(entry, '||') ? '||' : ';'
}

function isOperator(entry: Entry | undefined, op: string): boolean {
  return typeof entry === 'object' && 'op' in entry && entry.op === op
}

function splitBy(entries: readonly Entry[], isSeparator: (entry: Entry) => boolean) {
  const parts: { readonly items: Entry[]; separator: Entry | undefined }[] = [{ items: [], separator: undefined }]
  for (const entry of entries) {
    const part = parts.at(-1)
    if (part === undefined) break
    if (isSeparator(entry)) {
      part.separator = entry
      parts.push({ items: [], separator: undefined })
    } else part.items.push(entry)
  }
  return parts
}

function createSyntaxError(entry: Entry | undefined): Error {
  const shown = typeof entry === 'object' && 'op' in entry ? entry.op : String(entry)
  return new Error(`the simulated shell does not understand "${shown}"`)
}
