import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isMain } from '../tools/is-main.mjs'
import { readPackages } from './source/packages.mjs'
import { parseNodes, toLine } from './source/syntax-tree.mjs'
import { reportViolations } from './source/violation.mjs'

/**
 * @typedef {import('./source/violation.mjs').Violation} Violation
 * @typedef {import('./source/packages.mjs').SourceFile} SourceFile
 * @typedef {import('./source/syntax-tree.mjs').SyntaxNode} SyntaxNode
 */

/**
 * Finds options that are, or begin with, the name of a method of a capability's interface. A method that a runtime
 * may lack belongs to a capability of its own and is not an option.
 *
 * Options are the keys of `options` in `defineCapability({ … })`, or of a constant of that name. The methods are
 * those of each interface `T` in `const …: Capability<T, …>`.
 *
 * @param {readonly SourceFile[]} sources
 * @returns {readonly Violation[]}
 */
export function findOptionViolations(sources) {
  const parsed = sources.map(({ path, text }) => ({ path, text, nodes: parseNodes(path, text) }))
  const interfaces = new Set(parsed.flatMap(({ nodes }) => nodes.flatMap(findCapabilityInterface)))
  const methods = new Set(parsed.flatMap(({ nodes }) => nodes.flatMap((node) => findMethods(node, interfaces))))
  return parsed.flatMap(({ path, text, nodes }) =>
    nodes.flatMap(findFields).flatMap(({ field, start }) => {
      const method = [...methods].find((name) => field === name || field.startsWith(`${name}.`))
      if (method === undefined || field in allowed) return []
      const violation = `the option "${field}" names the method "${method}": move the method to a capability of its own`
      return [{ path, line: toLine(text, start), text: violation }]
    }),
  )
}

/**
 * @param {SyntaxNode} node
 * @returns {readonly string[]}
 */
function findCapabilityInterface(node) {
  const type = node.type === 'VariableDeclarator' ? node.id.typeAnnotation?.typeAnnotation : undefined
  if (type?.typeName?.name !== 'Capability') return []
  const [first] = type.typeArguments?.params ?? []
  return first?.typeName?.name ? [first.typeName.name] : []
}

/**
 * @param {SyntaxNode} node
 * @param {ReadonlySet<string>} interfaces
 * @returns {readonly string[]}
 */
function findMethods(node, interfaces) {
  if (node.type !== 'TSInterfaceDeclaration' || !interfaces.has(node.id.name)) return []
  return node.body.body.flatMap((/** @type {SyntaxNode} */ { type, key }) =>
    type === 'TSMethodSignature' && key.name ? [key.name] : [],
  )
}

/**
 * @param {SyntaxNode} node
 * @returns {readonly { readonly field: string, readonly start: number }[]}
 */
function findFields(node) {
  const object = findOptions(node)
  if (object?.type !== 'ObjectExpression') return []
  return object.properties.flatMap((/** @type {SyntaxNode} */ { key, start }) => {
    const field = key?.value ?? key?.name
    return typeof field === 'string' ? [{ field, start }] : []
  })
}

/**
 * @param {SyntaxNode} node
 * @returns {SyntaxNode | undefined}
 */
function findOptions(node) {
  if (node.type === 'Property' && node.key.name === 'options') return node.value
  if (node.type !== 'VariableDeclarator' || node.id.name !== 'options') return undefined
  return node.init?.type === 'TSAsExpression' ? node.init.expression : node.init
}

/** Fields that share a word with a method, with the reason. @type {Readonly<Record<string, string>>} */
const allowed = {
  'exec.env.unset': '"exec" names the capability here, not the method, as "build" and "firewall" do',
}

if (isMain(import.meta.url)) {
  const packages = readPackages(dirname(dirname(fileURLToPath(import.meta.url))), ['packages', 'examples'])
  reportViolations(findOptionViolations(packages.flatMap(({ sources }) => sources)))
}
