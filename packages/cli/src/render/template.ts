import { CliError } from '../errors/cli-error.js'
import { toPrintable } from './printable.js'
import { type Action, parseBinding, parseExpression, type TemplateScope, toAction } from './template-expression.js'
import { isTruthy, TemplateProblem, toEntries, toText } from './template-functions.js'

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
  const render = (data: unknown, scope: Pick<TemplateScope, 'isTitle' | 'toShown'>) =>
    withProblems(option, () => renderAll(nodes, { ...scope, dot: data, root: data, variables: new Map() }))
  return {
    render: (data) => render(data, { isTitle: false, toShown: toPrintable }),
    renderTitles: (titles) => render(titles, { isTitle: true, toShown: (title) => title }),
  }
}

type Node = (scope: TemplateScope) => string

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

function renderAll(nodes: readonly Node[], scope: TemplateScope): string {
  return nodes.map((node) => node(scope)).join('')
}

/** Literal text, or an action. */
type Part = string | Action

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
