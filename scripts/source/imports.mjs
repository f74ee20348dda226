import { parseNodes, toLine } from './syntax-tree.mjs'

/**
 * One import of a module. `type` imports are erased before the program runs; `dynamic` imports load at run time.
 *
 * @typedef {{ readonly specifier: string, readonly kind: 'value' | 'type' | 'dynamic', readonly line: number }} Import
 */

/**
 * Finds every import, re-export, `import()` and `import('…')` type of a file, and `import.meta.resolve` and `require` of
 * a fixed name.
 *
 * @param {string} file
 * @param {string} text
 * @returns {readonly Import[]}
 */
export function findImports(file, text) {
  return parseNodes(file, text).flatMap((node) => {
    const found = toImport(node)
    return found ? [{ ...found, line: toLine(text, node.start) }] : []
  })
}

/**
 * @param {import('./syntax-tree.mjs').SyntaxNode} node
 * @returns {Omit<Import, 'line'> | undefined}
 */
function toImport(node) {
  const specifier = node.type === 'CallExpression' ? toRequired(node) : node.source?.value
  if (typeof specifier !== 'string') return undefined
  if (node.type === 'TSImportType') return { specifier, kind: 'type' }
  if (node.type === 'ImportExpression' || node.type === 'CallExpression') return { specifier, kind: 'dynamic' }
  return { specifier, kind: isTypeOnly(node) ? 'type' : 'value' }
}

/**
 * `import { type A }` stays as `import {}` when types are erased (verbatimModuleSyntax), so it counts as a value.
 *
 * @param {import('./syntax-tree.mjs').SyntaxNode} node
 */
function isTypeOnly(node) {
  return node.importKind === 'type' || node.exportKind === 'type'
}

/** @param {import('./syntax-tree.mjs').SyntaxNode} call */
function toRequired({ callee, arguments: [first] }) {
  const isRequire = callee.type === 'Identifier' && callee.name === 'require'
  const isResolve = callee.property?.name === 'resolve' && callee.object?.type === 'MetaProperty'
  return isRequire || isResolve ? first?.value : undefined
}
