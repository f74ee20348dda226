import { CliError } from '../errors/cli-error.js'
import { toPrintable } from './printable.js'

/**
 * A template in the syntax of Go, of which docker's `--format` is a part: `{{.Name}}`, `{{json .}}`, `{{.Name | upper}}`,
 * `{{if .X}}…{{else}}…{{end}}`, `{{range $key, $value := .X}}…{{end}}`, `{{with .X}}…{{end}}`, comments, and `{{-` and `-}}`.
 */
export interface Template {
  /**
   * Formats a value, whose fields are its own properties. A property that is a function is called with the arguments after
   * it: `{{.Label "key"}}`. A missing property of an object without prototype is empty, as in a map of Go. Control
   * characters of values are replaced.
   *
   * @throws CliError for a field that a value does not have
   */
  render(data: unknown): string
  /** Formats the titles of columns by the same template: a function returns its first argument. */
  renderTitles(titles: unknown): string
}

/**
 * Parses a template.
 *
 * @throws CliError naming `option` for text that is not a template, and for an unknown function
 */
export function parseTemplate(text: string, option: string): Template {
  const nodes = withProblems(option, () => new TemplateParser(text).parse())
  const render = (data: unknown, scope: Pick<Scope, 'isTitle' | 'toShown'>) =>
    withProblems(option, () => renderAll(nodes, { ...scope, dot: data, root: data, variables: new Map() }))
  return {
    render: (data) => render(data, { isTitle: false, toShown: toPrintable }),
    renderTitles: (titles) => render(titles, { isTitle: true, toShown: (title) => title }),
  }
}

/** What an expression can refer to. */
interface Scope {
  readonly dot: unknown
  readonly root: unknown
  readonly variables: ReadonlyMap<string, unknown>
  /** Whether the data are the titles of columns. */
  readonly isTitle: boolean
  readonly toShown: (text: string) => string
}

type Expression = (scope: Scope) => unknown
type Node = (scope: Scope) => string

class TemplateProblem extends Error {}

/** Names the option in the problems of its template. */
function withProblems<T>(option: string, action: () => T): T {
  try {
    return action()
  } catch (cause) {
    throw cause instanceof TemplateProblem ? new CliError(`${option}: ${cause.message}`, { cause }) : cause
  }
}

/** Parses a template into functions that render its parts. */
class TemplateParser {
  readonly #parts: readonly Part[]
  #next = 0

  constructor(text: string) {
    this.#parts = splitTemplate(text)
  }

  parse(): readonly Node[] {
    const { nodes, end } = this.#parseBlock()
    if (end !== undefined) throw new TemplateProblem(`"{{${end.source}}}" has no "if", "range" or "with" before it`)
    return nodes
  }

  /** Parses up to the `else` or `end` of the block, which is returned, or to the end of the text. */
  #parseBlock(): { readonly nodes: readonly Node[]; readonly end: Action | undefined } {
    const nodes: Node[] = []
    for (let part = this.#parts[this.#next]; part !== undefined; part = this.#parts[this.#next]) {
      this.#next += 1
      if (typeof part === 'string') {
        const text = part
        nodes.push(() => text)
      } else if (part.keyword === 'end' || part.keyword === 'else') {
        return { nodes, end: part }
      } else {
        nodes.push(this.#parseAction(part))
      }
    }
    return { nodes, end: undefined }
  }

  #parseAction(action: Action): Node {
    const { keyword } = action
    if (keyword === 'if' || keyword === 'with' || keyword === 'range') return this.#parseBranches(keyword, action)
    const expression = parseExpression(action)
    return (scope) => scope.toShown(toText(expression(scope)))
  }

  #parseBranches(keyword: 'if' | 'with' | 'range', action: Action): Node {
    const { variables, expression } = parseBinding(action)
    if (variables.length > 0 && keyword !== 'range') throw new TemplateProblem('only "range" can set variables')
    const { nodes, end } = this.#parseBlock()
    const otherwise = this.#parseElse(keyword, end)
    return (scope) => {
      const value = expression(scope)
      if (!isTruthy(value)) return renderAll(otherwise, scope)
      if (keyword === 'if') return renderAll(nodes, scope)
      if (keyword === 'with') return renderAll(nodes, { ...scope, dot: value })
      return toEntries(value)
        .map(([key, dot]) => {
          const values = variables.length === 1 ? [dot] : [key, dot]
          const own = variables.map((name, index) => [name, values[index]] as const)
          return renderAll(nodes, { ...scope, dot, variables: new Map([...scope.variables, ...own]) })
        })
        .join('')
    }
  }

  /** Parses what follows the first branch: nothing, `else`, or `else if`, which shares the `end`. */
  #parseElse(keyword: string, end: Action | undefined): readonly Node[] {
    if (end === undefined) throw new TemplateProblem(`"{{${keyword} …}}" has no "{{end}}"`)
    if (end.keyword === 'end') return []
    const nested = toAction(end.source.replace(/^else\s*/, ''))
    if (nested.source !== '') return [this.#parseAction(nested)]
    const { nodes, end: last } = this.#parseBlock()
    if (last?.keyword !== 'end') throw new TemplateProblem(`"{{${keyword} …}}" has no "{{end}}"`)
    return nodes
  }
}

function renderAll(nodes: readonly Node[], scope: Scope): string {
  return nodes.map((node) => node(scope)).join('')
}

/** Literal text, or what is between `{{` and `}}`. */
type Part = string | Action

interface Action {
  readonly source: string
  /** The first word, if it is one. */
  readonly keyword: string | undefined
}

function toAction(source: string): Action {
  return { source, keyword: /^[a-z]+\b/.exec(source)?.[0] }
}

function splitTemplate(text: string): readonly Part[] {
  const parts: Part[] = []
  let end = 0
  let trimsNext = false
  const addText = (literal: string, trimsEnd: boolean) => {
    const started = trimsNext ? literal.trimStart() : literal
    parts.push(toUnescaped(trimsEnd ? started.trimEnd() : started))
  }
  for (const { index, 0: whole, 1: trimBefore, 2: source = '', 3: trimAfter } of text.matchAll(actionPattern)) {
    addText(text.slice(end, index), trimBefore !== undefined)
    if (!/^\/\*.*\*\/$/s.test(source)) parts.push(toAction(source))
    trimsNext = trimAfter !== undefined
    end = index + whole.length
  }
  const rest = text.slice(end)
  if (rest.includes('{{')) throw new TemplateProblem(`"${rest.slice(rest.indexOf('{{'))}" has no "}}"`)
  addText(rest, false)
  return parts
}

/** Replaces `\t` and `\n`, which a shell does not replace in quotes, as docker does. */
function toUnescaped(text: string): string {
  return text.replaceAll('\\t', '\t').replaceAll('\\n', '\n')
}

const actionPattern = /\{\{(?:(-)\s)?\s*((?:"(?:[^"\\]|\\.)*"|`[^`]*`|(?!\}\}|\s+-\}\}).)*?)\s*(?:\s(-))?\}\}/gs

/** Parses `$value := X` or `$key, $value := X` of a range, or an expression alone. */
function parseBinding({ source, keyword = '' }: Action) {
  const rest = source.slice(keyword.length).trim()
  const [binding, first, second] = /^(\$\w+)\s*(?:,\s*(\$\w+)\s*)?:=/.exec(rest) ?? ['']
  const variables = [first, second].filter((name) => name !== undefined)
  return { variables, expression: parseExpression(toAction(rest.slice(binding.length))) }
}

/** Parses a pipeline: commands, of which each gets the result of the one before it as its last argument. */
function parseExpression({ source }: Action): Expression {
  const tokens = source.match(tokenPattern) ?? []
  const isWhole = tokens.join('') === source.replaceAll(spacePattern, '$1')
  if (!isWhole) throw new TemplateProblem(`"{{${source}}}" is not valid`)
  return new ExpressionReader(tokens, source).read()
}

/** Matches texts, numbers, fields and variables, names, and signs; a closing parenthesis with the fields of its value. */
const tokenPattern =
  /"(?:[^"\\]|\\.)*"|`[^`]*`|-?\d+(?:\.\d+)?\b|[$)]?(?:\.[A-Za-z_]\w*)+|\$\w*(?:\.[A-Za-z_]\w*)*|[A-Za-z]\w*|[.()|]/g
/** Matches white space outside of texts, and texts, which are kept. */
const spacePattern = /("(?:[^"\\]|\\.)*"|`[^`]*`)|\s+/g

class ExpressionReader {
  readonly #tokens: readonly string[]
  readonly #source: string
  #next = 0

  constructor(tokens: readonly string[], source: string) {
    this.#tokens = tokens
    this.#source = source
  }

  read(): Expression {
    const expression = this.#readPipeline()
    if (this.#next < this.#tokens.length) throw this.#createProblem()
    return expression
  }

  #readPipeline(): Expression {
    let expression = this.#readCommand()
    while (this.#tokens[this.#next] === '|') {
      this.#next += 1
      expression = this.#readCommand(expression)
    }
    return expression
  }

  /** Reads an operand with its arguments. */
  #readCommand(piped?: Expression): Expression {
    const operands: Operand[] = []
    for (let token = this.#tokens[this.#next]; token !== undefined; token = this.#tokens[this.#next]) {
      if (token === '|' || token.startsWith(')')) break
      this.#next += 1
      operands.push(this.#toOperand(token))
    }
    const [first, ...others] = operands
    if (first === undefined) throw this.#createProblem()
    const values = [...others.map(toValue), ...(piped === undefined ? [] : [piped])]
    return (scope) =>
      first(
        scope,
        values.map((value) => value(scope)),
      )
  }

  #toOperand(token: string): Operand {
    const [start = ''] = token
    if (token === '(') return this.#readGroup()
    if (start === '.' || start === '$') return toFieldOperand(token)
    if (start === '"' || start === '`') return toConstant(toLiteral(token))
    if (/^-?\d/.test(token)) return toConstant(Number(token))
    if (token === 'true' || token === 'false') return toConstant(token === 'true')
    if (token === 'nil') return toConstant(null)
    return toFunctionOperand(token)
  }

  #readGroup(): Operand {
    const expression = this.#readPipeline()
    const end = this.#tokens[this.#next]
    if (!end?.startsWith(')')) throw this.#createProblem()
    this.#next += 1
    const names = toNames(end)
    return (scope) => names.reduce(getField, expression(scope))
  }

  #createProblem(): TemplateProblem {
    return new TemplateProblem(`"{{${this.#source}}}" is not valid`)
  }
}

/** Evaluates to a value, given the arguments after it. */
type Operand = (scope: Scope, values: readonly unknown[]) => unknown

function toValue(operand: Operand): Expression {
  return (scope) => operand(scope, [])
}

function toConstant(value: unknown): Operand {
  return () => value
}

function toLiteral(token: string): string {
  if (token.startsWith('`')) return token.slice(1, -1)
  try {
    return JSON.parse(token)
  } catch (cause) {
    throw new TemplateProblem(`${token} is not a valid text`, { cause })
  }
}

/** Reads `.`, `.A.B`, `$`, `$.A` or `$name.A`. */
function toFieldOperand(token: string): Operand {
  const [variable = ''] = token.split('.', 1)
  const names = toNames(token)
  return (scope, values) => {
    const start = variable === '' ? scope.dot : findVariable(scope, variable)
    const found = names.reduce(getField, start)
    return typeof found === 'function' ? found(...values) : found
  }
}

/** Returns the fields after a variable, a parenthesis or nothing. */
function toNames(token: string): readonly string[] {
  return token
    .split('.')
    .slice(1)
    .filter((name) => name !== '')
}

function findVariable({ root, variables }: Scope, name: string): unknown {
  if (name === '$') return root
  if (!variables.has(name)) throw new TemplateProblem(`the variable ${name} is not set`)
  return variables.get(name)
}

function getField(value: unknown, name: string): unknown {
  if (typeof value === 'object' && value !== null) {
    if (Object.hasOwn(value, name)) return Reflect.get(value, name)
    if (Object.getPrototypeOf(value) === null) return ''
    throw new TemplateProblem(`there is no field "${name}"; the fields are ${Object.keys(value).join(', ')}`)
  }
  throw new TemplateProblem(`there is no field "${name}" in ${toText(value)}`)
}

function toFunctionOperand(name: string): Operand {
  const call = Object.hasOwn(functions, name) ? functions[name] : undefined
  if (call === undefined) {
    throw new TemplateProblem(`there is no function "${name}"; the functions are ${Object.keys(functions).join(', ')}`)
  }
  return ({ isTitle }, values) => (isTitle ? values[0] : call(...values))
}

const functions: Readonly<Record<string, (...values: readonly unknown[]) => unknown>> = {
  json: (value) => JSON.stringify(value) ?? 'null',
  join: (list, separator) => toList(list).map(toText).join(toText(separator)),
  split: (text, separator) => toText(text).split(toText(separator)),
  upper: (text) => toText(text).toUpperCase(),
  lower: (text) => toText(text).toLowerCase(),
  truncate: (text, length) => [...toText(text)].slice(0, Number(length)).join(''),
  println: (...values) => `${values.map(toText).join(' ')}\n`,
  len: (value) => (typeof value === 'string' ? Buffer.byteLength(value) : toEntries(value).length),
  index: (value, ...keys) => keys.reduce(getElement, value),
  eq: (value, ...others) => others.includes(value),
  ne: (value, other) => value !== other,
  not: (value) => !isTruthy(value),
  and: (...values) => values.find((value) => !isTruthy(value)) ?? values.at(-1),
  or: (...values) => values.find(isTruthy) ?? values.at(-1),
}

function toList(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new TemplateProblem(`"join" needs a list, not ${toText(value)}`)
}

/** An element that does not exist has no value, as in Go for a map. */
function getElement(value: unknown, key: unknown): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, String(key))) return undefined
  return Reflect.get(value, String(key))
}

function toEntries(value: unknown): readonly (readonly [key: unknown, value: unknown])[] {
  if (Array.isArray(value)) return [...value.entries()]
  if (typeof value === 'object' && value !== null) return Object.entries(value)
  throw new TemplateProblem(`${toText(value)} is not a list`)
}

/** Whether `if` takes the first branch: false, 0, and an empty text, list or object do not. */
function isTruthy(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || value instanceof Date) return Boolean(value)
  return Object.keys(value).length > 0
}

/** Formats a value as Go does. */
function toText(value: unknown): string {
  if (value === undefined || value === null) return '<no value>'
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return `[${value.map(toText).join(' ')}]`
  if (typeof value !== 'object') return String(value)
  const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1))
  return `map[${entries.map(([key, each]) => `${key}:${toText(each)}`).join(' ')}]`
}
