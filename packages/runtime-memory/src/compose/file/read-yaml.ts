import type { StringMap } from '@capstan/core/plugin'
import { isNode, LineCounter, parseDocument } from 'yaml'
import { type ComposeFile, ComposeNode, createFileError } from './compose-node.js'
import { replaceVariables, VariableError } from './variables.js'

/**
 * Parses a Compose file, and replaces the variables in its values. Aliases and merge keys are resolved.
 *
 * @throws HostError INVALID_ARGUMENT with the file and the line
 */
export function readYaml(
  text: string,
  { env, ...file }: Omit<ComposeFile, 'findLine'> & { readonly env: StringMap },
): ComposeNode {
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { lineCounter, merge: true, prettyErrors: false })
  const [error] = document.errors
  if (error !== undefined) {
    const { line } = lineCounter.linePos(error.pos[0])
    throw createFileError(file, `${file.name}:${line}: ${error.message}`)
  }
  const findLine = (keys: readonly (string | number)[]): number | undefined => {
    const node: unknown = keys.length === 0 ? document.contents : document.getIn(keys, true)
    if (isNode(node) && node.range) return lineCounter.linePos(node.range[0]).line
    // A value that a merge key adds is at another place.
    return keys.length === 0 ? undefined : findLine(keys.slice(0, -1))
  }
  const composeFile = { ...file, findLine }
  const replace = (value: unknown, keys: readonly (string | number)[]): unknown => {
    if (typeof value === 'string') return replaceIn(value, new ComposeNode(value, composeFile, keys), env)
    if (Array.isArray(value)) return value.map((item, index) => replace(item, [...keys, index]))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replace(item, [...keys, key])]))
  }
  return new ComposeNode(replace(document.toJS(), []), composeFile)
}

function replaceIn(text: string, node: ComposeNode, env: StringMap): string {
  if (!text.includes('$')) return text
  try {
    return replaceVariables(text, env)
  } catch (error) {
    if (error instanceof VariableError) throw node.fault(`${node.path} has ${error.message}`)
    throw error
  }
}
