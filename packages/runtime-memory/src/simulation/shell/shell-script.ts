import { type ParseEntry, parse } from 'shell-quote'

/** How a step depends on the result of the previous one. */
export type Connector = ';' | '&&' | '||'

/** One step of a script. */
export interface ShellStep {
  readonly connector: Connector
  /** One command, or several joined by `|`. */
  readonly pipeline: readonly ShellCommand[]
}

/** One command with its redirects, before expansion. */
export interface ShellCommand {
  /** Expanded by {@link expandWords} when the command runs. */
  readonly words: readonly string[]
  readonly redirects: readonly ShellRedirect[]
}

/** A redirect. `target` is an unexpanded path, or for `duplicate` the number of the other stream. */
export interface ShellRedirect {
  readonly stream: 0 | 1 | 2
  readonly kind: 'read' | 'write' | 'append' | 'duplicate'
  readonly target: string
}

/**
 * Parses a script of the simulated `sh`.
 *
 * It supports commands, quotes, `$NAME`, `${NAME}`, `;`, newlines, `&&`, `||`, `|`, `<`, `>`, `>>`, `2>`, `>&2` and `2>&1`.
 * Loops, conditions, other substitutions, `&`, `()` and here-documents throw. Patterns such as `*` are not expanded.
 */
export function parseScript(text: string): readonly ShellStep[] {
  const steps: ShellStep[] = []
  let connector: Connector = ';'
  for (const { items, separator } of splitBy(toLines(text).flatMap(toEntries), isConnector)) {
    // A step may continue after a line that ends with `&&` or `||`.
    if (items.length === 0) continue
    steps.push({ connector, pipeline: toPipeline(items) })
    connector = toConnector(separator)
  }
  return steps
}

/** Replaces the placeholders of variables. A word that is exactly `$@` becomes one word for each positional parameter. */
export function expandWords(
  words: readonly string[],
  find: (name: string) => string,
  positional: readonly string[],
): readonly string[] {
  const expand = (word: string) => word.replace(placeholder, (_, name: string) => find(name))
  return words.flatMap((word) => (word === toPlaceholder('@') ? positional : expand(word)))
}

function toPipeline(entries: readonly ParseEntry[]): readonly ShellCommand[] {
  return splitBy(entries, (entry) => toOperator(entry) === '|').map(({ items }) => toCommand(items))
}

function toCommand(entries: readonly ParseEntry[]): ShellCommand {
  const words: string[] = []
  const redirects: ShellRedirect[] = []
  for (let at = 0; at < entries.length; at += 1) {
    const word = toWord(entries[at])
    const stream = toStream(word)
    if (word !== undefined && stream === undefined) words.push(word)
    else {
      if (stream !== undefined) at += 1
      redirects.push(toRedirect(stream, entries[at], entries[at + 1]))
      at += 1
    }
  }
  const [first] = words
  if (first === undefined) throw new Error('syntax error: a command is missing')
  if (reserved.has(first)) throw createUnsupportedError(first)
  return { words, redirects }
}

function toRedirect(stream: 1 | 2 = 1, entry: ParseEntry | undefined, target: ParseEntry | undefined): ShellRedirect {
  const operator = toOperator(entry) ?? ''
  const kind = redirectKinds.get(operator)
  const word = toWord(target)
  if (kind !== undefined && word === undefined) throw new Error('syntax error: a redirect has no target')
  if (kind === undefined || word === undefined) throw createUnsupportedError(operator)
  if (kind === 'duplicate' && word !== '1' && word !== '2') throw createUnsupportedError(`>&${word}`)
  return { stream: kind === 'read' ? 0 : stream, kind, target: word }
}

function toEntries(line: string): readonly ParseEntry[] {
  const text = line.replace(quotedOrSpecial, (found, before?: string, stream?: string) => {
    // The parser drops the space that distinguishes `2>` from `2 >`, so `2>` becomes a placeholder first.
    if (stream !== undefined) return `${before}${toPlaceholder(`:${stream}`)}`
    // The parser takes every `#` for the start of a comment.
    if (found === '#') return '\\#'
    return /^['#]/.test(found) ? found : found.replace(escapedOrSubstitution, toVariableOrText)
  })
  const entries = parse(text, toVariable).filter((entry) => typeof entry === 'string' || 'op' in entry)
  return [...entries, { op: ';' }]
}

/** Marks a command substitution, which the parser does not know, as a variable that {@link toVariable} rejects. */
function toVariableOrText(found: string): string {
  if (found.startsWith('\\')) return found === '\\`' ? '`' : found.replace('\\\n', '')
  return `\${${found}}`
}

/** Converts a variable to its placeholder. A `$` without a name is text. */
function toVariable(name: string): string {
  if (name === '') return '$'
  if (!variableName.test(name)) throw createUnsupportedError(/^[`$]/.test(name) ? name : `\${${name}}`)
  return toPlaceholder(name)
}

/** Creates the placeholder of a variable, which is expanded when its command runs. NUL cannot occur in an argument. */
function toPlaceholder(name: string): string {
  return `\0${name}\0`
}

function toStream(word: string | undefined): 1 | 2 | undefined {
  if (word === toPlaceholder(':1')) return 1
  return word === toPlaceholder(':2') ? 2 : undefined
}

/** Splits a script at newlines outside quotes. */
function toLines(text: string): readonly string[] {
  const lines = text.match(/(?:(?<![^\s;|&])#.*|'[^']*'|"(?:\\[\s\S]|[^"\\])*"|\\[\s\S]|[^\n'"\\])+|['"]/g) ?? []
  if (lines.some((line) => line === "'" || line === '"')) throw new Error('syntax error: a quotation is not closed')
  return lines
}

function toWord(entry: ParseEntry | undefined): string | undefined {
  if (typeof entry === 'string') return entry
  return typeof entry === 'object' && 'pattern' in entry ? entry.pattern : undefined
}

function toOperator(entry: ParseEntry | undefined): string | undefined {
  return typeof entry === 'object' && 'op' in entry ? entry.op : undefined
}

function isConnector(entry: ParseEntry): boolean {
  return [';', '&&', '||'].includes(toOperator(entry) ?? '')
}

function toConnector(entry: ParseEntry | undefined): Connector {
  const operator = toOperator(entry)
  return operator === '&&' || operator === '||' ? operator : ';'
}

interface Part {
  readonly items: ParseEntry[]
  separator: ParseEntry | undefined
}

function splitBy(entries: readonly ParseEntry[], isSeparator: (entry: ParseEntry) => boolean): readonly Part[] {
  let part: Part = { items: [], separator: undefined }
  const parts = [part]
  for (const entry of entries) {
    if (!isSeparator(entry)) part.items.push(entry)
    else {
      part.separator = entry
      part = { items: [], separator: undefined }
      parts.push(part)
    }
  }
  return parts
}

function createUnsupportedError(text: string): Error {
  return new Error(`the simulated shell does not support "${text}"`)
}

const redirectKinds = new Map<string, ShellRedirect['kind']>([
  ['<', 'read'],
  ['>', 'write'],
  ['>>', 'append'],
  ['>&', 'duplicate'],
])
/** Reserved words of a shell whose constructs are not supported. */
const reserved = new Set(['!', '{', 'case', 'for', 'function', 'if', 'until', 'while'])
const placeholder = /\0([^\0]*)\0/g
const variableName = /^(?:[A-Za-z_]\w*|\d+|[@*?$])$/
/** Matches comments, quoted text, backquotes, a `#` in a word, and the stream number of a redirect such as `2>`. */
const quotedOrSpecial =
  /(?<![^\s;|&])#.+|'[^']*'|"(?:\\[\s\S]|[^"\\])*"|\\[\s\S]|`|(?<=[^\s;|&<>()${])#|(^|[\s;|&])([12])(?=>)/g
const escapedOrSubstitution = /\\[\s\S]|`|\$\(/g
