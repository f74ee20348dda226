import { parseSync } from 'oxc-parser'

/**
 * A node of the syntax tree, in the format of ESTree with nodes for TypeScript.
 *
 * @typedef {{ readonly type: string, readonly start: number, readonly [key: string]: any }} SyntaxNode
 */

/**
 * Parses a TypeScript or JavaScript file and returns all nodes, parents before children.
 *
 * @param {string} file
 * @param {string} text
 * @returns {readonly SyntaxNode[]}
 * @throws {Error} with the name of the file, when it does not parse
 */
export function parseNodes(file, text) {
  /** @type {SyntaxNode[]} */
  const nodes = []
  collect(parseProgram(file, text), nodes)
  return nodes
}

/**
 * Parses a TypeScript or JavaScript file. Later calls with the same text get the same nodes.
 *
 * @param {string} file
 * @param {string} text
 * @returns {SyntaxNode}
 * @throws {Error} with the name of the file, when it does not parse
 */
export function parseProgram(file, text) {
  if (latest?.file === file && latest.text === text) return latest.program
  const { program, errors } = parseSync(file, text)
  if (errors[0]) throw new Error(`${file} does not parse: ${errors[0].message}`)
  // The types of the parser do not have an index signature for the fields of a node.
  latest = { file, text, program: /** @type {SyntaxNode} */ (/** @type {unknown} */ (program)) }
  return latest.program
}

/** @type {{ readonly file: string, readonly text: string, readonly program: SyntaxNode } | undefined} */
let latest

/**
 * Returns the line of an offset, counted from 1.
 *
 * @param {string} text
 * @param {number} offset
 */
export function toLine(text, offset) {
  return text.slice(0, offset).split('\n').length
}

/**
 * @param {unknown} value
 * @param {SyntaxNode[]} nodes
 */
function collect(value, nodes) {
  if (typeof value !== 'object' || value === null) return
  if (isNode(value)) nodes.push(value)
  for (const child of Object.values(value)) collect(child, nodes)
}

/**
 * @param {object} value
 * @returns {value is SyntaxNode}
 */
function isNode(value) {
  return 'type' in value && typeof value.type === 'string'
}
