import { DockerfileError } from './dockerfile-error.js'
import { findHeredocs, type Heredoc } from './heredoc.js'
import { type InstructionLine, splitInstruction } from './instruction-line.js'
import { type EscapeCharacter, type ParserDirectives, readDirectives } from './parser-directives.js'
import { trimStartSpaces } from './white-space.js'

/** The directives and instructions of a Dockerfile. Variables are not expanded. */
export interface ParsedDockerfile extends ParserDirectives {
  readonly instructions: readonly DockerfileInstruction[]
}

/** One instruction with its line number and heredocs. */
export interface DockerfileInstruction extends InstructionLine {
  /** The number of its first line, starting at 1. */
  readonly line: number
  readonly heredocs: readonly HeredocText[]
}

/** A heredoc with its unchanged lines. */
export interface HeredocText extends Heredoc {
  readonly content: string
}

/**
 * Parses a Dockerfile like BuildKit: directives, a byte order mark, CRLF, comments and empty lines in continuations, and
 * heredocs. Keywords are not checked.
 *
 * @throws DockerfileError for an invalid directive and for a heredoc without an end.
 */
export function parseDockerfile(text: string): ParsedDockerfile {
  const lines = text.replace(/^\uFEFF/, '').split('\n')
  const directives = readDirectives(lines)
  const reader = new LineReader(lines, directives.escapeCharacter)
  const instructions: DockerfileInstruction[] = []
  for (let found = reader.next(); found !== undefined; found = reader.next()) {
    const instruction = splitInstruction(found.text, directives.escapeCharacter)
    const heredocs = findHeredocs(found.text, instruction).map((heredoc) => reader.readHeredoc(heredoc, found.line))
    instructions.push({ ...instruction, line: found.line, heredocs })
  }
  return { ...directives, instructions }
}

/** Reads the lines of a Dockerfile, and joins continued lines. */
class LineReader {
  readonly #lines: readonly string[]
  readonly #continuation: RegExp
  #at = 0

  constructor(lines: readonly string[], escapeCharacter: EscapeCharacter) {
    this.#lines = lines
    // An escaped escape character does not continue the line.
    this.#continuation = new RegExp(`(^|[^\\${escapeCharacter}])\\${escapeCharacter}[ \\t]*$`)
  }

  /** Returns the next line with an instruction, without leading white space. */
  next(): { readonly text: string; readonly line: number } | undefined {
    while (this.#at < this.#lines.length) {
      const first = trimStartSpaces(this.#take())
      if (first === '' || first.startsWith('#')) continue
      return { line: this.#at, text: this.#readContinued(first) }
    }
    return undefined
  }

  readHeredoc(heredoc: Heredoc, line: number): HeredocText {
    let content = ''
    while (this.#at < this.#lines.length) {
      const isLast = this.#at === this.#lines.length - 1
      const raw = this.#lines[this.#at] ?? ''
      const text = this.#take()
      if ((heredoc.stripsTabs ? text.replace(/^\t+/, '') : text) === heredoc.name) return { ...heredoc, content }
      content += isLast ? raw : `${raw}\n`
    }
    throw new DockerfileError(`the heredoc "${heredoc.name}" has no end`, line)
  }

  #readContinued(first: string): string {
    let isContinued = this.#continuation.test(first)
    let text = first.replace(this.#continuation, '$1')
    while (isContinued && this.#at < this.#lines.length) {
      const line = this.#take()
      const trimmed = trimStartSpaces(line)
      if (trimmed === '' || trimmed.startsWith('#')) continue
      isContinued = this.#continuation.test(line)
      text += line.replace(this.#continuation, '$1')
    }
    return text
  }

  #take(): string {
    const line = this.#lines[this.#at] ?? ''
    this.#at += 1
    return line.replace(/\r+$/, '')
  }
}
