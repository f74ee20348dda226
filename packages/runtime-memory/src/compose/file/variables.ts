import type { StringMap } from '@capstan/core/plugin'

/**
 * Replaces the variables in a text as Compose does: `$NAME`, `${NAME}`, and `${NAME:-x}`, `${NAME:+x}` and `${NAME:?x}` with
 * or without the colon. `$$` is a dollar sign. A variable that is not set is empty.
 *
 * @throws VariableError for a variable that is required and not set, and for a text that is not valid
 */
export function replaceVariables(text: string, env: StringMap): string {
  const { value, end } = readUntil(text, { start: 0, isNested: false, env })
  if (end < text.length) throw new VariableError(`an unexpected "}" at character ${end + 1}`)
  return value
}

/** A text whose variables cannot be replaced. The message is a noun phrase. */
export class VariableError extends Error {}

interface Reading {
  readonly start: number
  /** Whether the text is inside of `${}`, which ends it. */
  readonly isNested: boolean
  readonly env: StringMap
}

interface Read {
  readonly value: string
  /** The position after the text; that of the brace that ends it, if it is nested. */
  readonly end: number
}

function readUntil(text: string, { start, isNested, env }: Reading): Read {
  let value = ''
  let position = start
  while (position < text.length) {
    const character = text[position]
    if (isNested && character === '}') return { value, end: position }
    if (character !== '$') {
      value += character
      position += 1
      continue
    }
    const read = readVariable(text, { start: position + 1, isNested, env })
    value += read.value
    position = read.end
  }
  if (isNested) throw new VariableError(unclosed)
  return { value, end: position }
}

/** Reads what follows a dollar sign. */
function readVariable(text: string, { start, env, ...rest }: Reading): Read {
  if (text[start] === '$') return { value: '$', end: start + 1 }
  const [name] = namePattern.exec(text.slice(start)) ?? []
  if (name !== undefined) return { value: lookUp(name, env) ?? '', end: start + name.length }
  if (text[start] !== '{') throw new VariableError('a "$" that begins no variable; write "$$" for a dollar sign')
  const [braced = ''] = namePattern.exec(text.slice(start + 1)) ?? []
  if (braced === '') throw new VariableError('a "${" without the name of a variable')
  const nameEnd = start + 1 + braced.length
  if (text[nameEnd] === '}') return { value: lookUp(braced, env) ?? '', end: nameEnd + 1 }
  if (nameEnd === text.length) throw new VariableError(unclosed)
  const [operator] = /^:?[-+?]/.exec(text.slice(nameEnd)) ?? []
  if (operator === undefined) throw new VariableError(`an invalid character after "\${${braced}"`)
  const operand = readUntil(text, { ...rest, env, start: nameEnd + operator.length, isNested: true })
  return { value: applyOperator(braced, operator, { operand: operand.value, env }), end: operand.end + 1 }
}

function applyOperator(
  name: string,
  operator: string,
  { operand, env }: { readonly operand: string; readonly env: StringMap },
): string {
  const value = lookUp(name, env)
  const isSet = operator.startsWith(':') ? value !== undefined && value !== '' : value !== undefined
  if (operator.endsWith('+')) return isSet ? operand : ''
  if (isSet) return value ?? ''
  if (operator.endsWith('-')) return operand
  const reason = operand === '' ? '' : `: ${operand}`
  throw new VariableError(`the required variable ${name}, which has no value${reason}`)
}

/** Inherited properties such as `toString` are not variables. */
function lookUp(name: string, env: StringMap): string | undefined {
  return Object.hasOwn(env, name) ? env[name] : undefined
}

const namePattern = /^[A-Za-z_][A-Za-z0-9_]*/
const unclosed = 'a variable without its closing "}"'
