import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isMain } from '../tools/is-main.mjs'
import { readPackages } from './source/packages.mjs'
import { parseNodes, toLine } from './source/syntax-tree.mjs'
import { reportViolations } from './source/violation.mjs'

/**
 * @typedef {import('./source/violation.mjs').Violation} Violation
 * @typedef {import('./source/syntax-tree.mjs').SyntaxNode} SyntaxNode
 */

/**
 * Finds source code that checks the type of a runtime instead of its capabilities: `instanceof` a runtime or a manager, a
 * comparison of a runtime's `type`, or a cast or type predicate to a runtime or a manager.
 *
 * @param {string} path
 * @param {string} text
 * @returns {readonly Violation[]}
 */
export function findRuntimeTypeViolations(path, text) {
  return parseNodes(path, text).flatMap((node) => {
    const violation = findViolation(node)
    return violation
      ? [{ path, line: toLine(text, node.start), text: `${violation}: check the capability instead` }]
      : []
  })
}

/**
 * @param {SyntaxNode} node
 * @returns {string | undefined}
 */
function findViolation(node) {
  switch (node.type) {
    case 'BinaryExpression':
      return node.operator === 'instanceof' ? checkInstanceOf(node) : checkComparison(node)
    case 'SwitchStatement':
      return isRuntimeType(node.discriminant) ? 'branches on the type of a runtime' : undefined
    case 'TSAsExpression':
    case 'TSTypeAssertion':
      return checkTypeReference(node.typeAnnotation, 'casts to')
    case 'TSTypePredicate':
      return checkPredicate(node.typeAnnotation?.typeAnnotation)
    default:
      return undefined
  }
}

/** @param {SyntaxNode} node */
function checkInstanceOf({ right }) {
  const name = toLastName(right)
  return name && runtimeTypeName.test(name) ? `tests for an instance of ${name}` : undefined
}

/** @param {SyntaxNode} node */
function checkComparison({ operator, left, right }) {
  if (!/^[!=]==?$/.test(operator)) return undefined
  const sides = [left, right]
  const isRuntime = sides.some(isRuntimeType) || (sides.some(isTypeMember) && sides.some(isRuntimeLiteral))
  return isRuntime ? 'compares the type of a runtime' : undefined
}

/**
 * @param {SyntaxNode | undefined} type
 * @param {string} verb
 */
function checkTypeReference(type, verb) {
  const name = type?.type === 'TSTypeReference' ? toLastName(type.typeName) : undefined
  return name && runtimeTypeName.test(name) ? `${verb} ${name}` : undefined
}

/**
 * Type predicates of other types may have names that end in Runtime, such as a report of a usable runtime.
 *
 * @param {SyntaxNode | undefined} type
 */
function checkPredicate(type) {
  const name = type && toLastName(type.typeName ?? type)
  return name?.endsWith('Runtime') && name !== 'Runtime'
    ? undefined
    : checkTypeReference(type, 'has a type predicate for')
}

/**
 * Whether the node is the `type` of a runtime: `runtime.type`, `this.#runtime.type`, `dockerRuntime?.type`.
 *
 * @param {SyntaxNode} node
 */
function isRuntimeType(node) {
  return isTypeMember(node) && /runtime$/i.test(toLastName(toMember(node).object) ?? '')
}

/** @param {SyntaxNode} node */
function isTypeMember(node) {
  const { type, property } = toMember(node)
  return type === 'MemberExpression' && (property.name === 'type' || property.value === 'type')
}

/** @param {SyntaxNode} node */
function isRuntimeLiteral({ type, value }) {
  return type === 'Literal' && knownRuntimes.includes(value)
}

/**
 * @param {SyntaxNode} node
 * @returns {SyntaxNode}
 */
function toMember(node) {
  return node.type === 'ChainExpression' ? node.expression : node
}

/**
 * Returns the last name of a chain of members: `runtime` of `this.#runtime`, `NetworkManager` of `core.NetworkManager`.
 *
 * @param {SyntaxNode} node
 * @returns {string | undefined}
 */
function toLastName(node) {
  if (node.type === 'Identifier' || node.type === 'PrivateIdentifier') return node.name
  const inner = node.property ?? node.right ?? node.expression
  return inner ? toLastName(inner) : undefined
}

const runtimeTypeName = /(Runtime|Manager|ImageBuilder|ImageTransfer|BuildService)$/

/** Values that mark a comparison with the `type` of a runtime, for any name of the object. "memory" is also a type of mount. */
const knownRuntimes = ['docker', 'apple', 'podman']

if (isMain(import.meta.url)) {
  const packages = readPackages(dirname(dirname(fileURLToPath(import.meta.url))), ['packages', 'examples'])
  reportViolations(
    packages.flatMap(({ sources }) => sources).flatMap(({ path, text }) => findRuntimeTypeViolations(path, text)),
  )
}
