import { TemplateProblem, templateFunctions, toText } from './template-functions.js'

/** What an expression can refer to. */
export interface TemplateScope {
  readonly dot: unknown
  readonly root: unknown
  readonly variables: ReadonlyMap<string, unknown>
  /** Whether the data are the titles of columns. */
  readonly isTitle: boolean
  readonly toShown: (text: string) => string
}

/** Evaluates to a value. */
export type Expression = (scope: TemplateScope) => unknown

/** What is between `{{` and `}}`. */
export interface Action {
  readonly source: string
  /** The first word, if it is one. */
  readonly keyword: string | undefined
}

/** Returns the action with this text. */
export function toAction(source: string): Action {
  return { source, keyword: /^[a-z]+\b/.exec(source)?.[0] }
}

/** Parses `$value := X` or `$key, $value := X` of a range, or an expression alone. */
export function parseBinding({ source, keyword = '' }: Action): {
  readonly variables: readonly string[]
  readonly expression: Expression
} {
  const rest = source.slice(keyword.length).trim()
  const [binding, first, second] = /^(\$\w+)\s*(?:,\s*(\$\w+)\s*)?:=/.exec(rest) ?? ['']
  const variables = [first, second].filter((name) => name !== undefined)
  return { variables, expression: parseExpression(toAction(rest.slice(binding.length))) }
}

/** Parses a pipeline: commands, of which each gets the result of the one before it as its last argument. */
export function parseExpression({ source }: Action): Expression {
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
type Operand = (scope: TemplateScope, values: readonly unknown[]) => unknown

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

function findVariable({ root, variables }: TemplateScope, name: string): unknown {
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
  const call = Object.hasOwn(templateFunctions, name) ? templateFunctions[name] : undefined
  if (call === undefined) {
    throw new TemplateProblem(
      `there is no function "${name}"; the functions are ${Object.keys(templateFunctions).join(', ')}`,
    )
  }
  return ({ isTitle }, values) => (isTitle ? values[0] : call(...values))
}
