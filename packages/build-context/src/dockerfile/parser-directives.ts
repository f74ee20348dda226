import { DockerfileError } from './dockerfile-error.js'
import { trimStartSpaces } from './white-space.js'

/** The directives at the top of a Dockerfile: https://docs.docker.com/reference/dockerfile/#parser-directives */
export interface ParserDirectives {
  /** The character that escapes characters and continues lines. Default `\`. */
  readonly escapeCharacter: EscapeCharacter
  /** The image of the frontend, without options. */
  readonly syntax: string | undefined
  readonly check: string | undefined
}

/** The escape characters that a Dockerfile can choose. */
export type EscapeCharacter = '\\' | '`'

/**
 * Reads the directives. They must come before everything else, including empty lines and other comments.
 *
 * @throws DockerfileError for a directive that is given twice, and for an invalid escape character.
 */
export function readDirectives(lines: readonly string[]): ParserDirectives {
  const found = new Map<string, string>()
  for (const [index, line] of lines.entries()) {
    const [, key = '', value] = directive.exec(trimStartSpaces(line)) ?? []
    const name = key.toLowerCase()
    if (value === undefined || !names.includes(name)) break
    if (found.has(name)) throw new DockerfileError(`the directive "${name}" is given twice`, index + 1)
    if (name === 'escape' && !isEscapeCharacter(value)) {
      throw new DockerfileError(`the escape character must be \\ or \`, not ${value}`, index + 1)
    }
    found.set(name, value)
  }
  const escapeCharacter = found.get('escape')
  return {
    escapeCharacter: isEscapeCharacter(escapeCharacter) ? escapeCharacter : '\\',
    syntax: found.get('syntax')?.split(' ')[0],
    check: found.get('check'),
  }
}

function isEscapeCharacter(value: string | undefined): value is EscapeCharacter {
  return value === '\\' || value === '`'
}

const names = ['syntax', 'escape', 'check']
const directive = /^#\s*([a-z][a-z0-9]*)\s*=\s*(.+?)\s*$/i
