/** @typedef {import('./syntax-tree.mjs').SyntaxNode} SyntaxNode */

/**
 * Finds the identifiers of a program that name a global: no scope around them declares their name.
 *
 * A declaration applies to its whole function or block. Labels and names of types count as identifiers, property names do
 * not.
 *
 * @param {SyntaxNode} program
 * @returns {ReadonlySet<SyntaxNode>}
 */
export function findFreeNames(program) {
  /** @type {Set<SyntaxNode>} */
  const free = new Set()
  visit(program, [], free)
  return free
}

/**
 * @param {unknown} value
 * @param {readonly ReadonlySet<string>[]} scopes
 * @param {Set<SyntaxNode>} free
 */
function visit(value, scopes, free) {
  if (Array.isArray(value)) {
    for (const each of value) visit(each, scopes, free)
    return
  }
  if (!isNode(value)) return
  if (value.type === 'Identifier' && !scopes.some((scope) => scope.has(value.name))) free.add(value)
  const inner = scopeTypes.test(value.type) ? [...scopes, findDeclared(value)] : scopes
  for (const [key, child] of Object.entries(value)) {
    // A property name is no use of a variable, except in shorthand.
    if ((key === 'property' || key === 'key') && value.computed !== true) continue
    visit(child, inner, free)
  }
}

/**
 * @param {SyntaxNode} scope
 * @returns {ReadonlySet<string>}
 */
function findDeclared(scope) {
  /** @type {Set<string>} */
  const names = new Set()
  for (const parameter of scope.params?.items ?? scope.params ?? []) collectPattern(parameter, names)
  if (scope.param) collectPattern(scope.param, names)
  if (scope.id?.name) names.add(scope.id.name)
  collectDeclarations(scope.body ?? [], names)
  for (const part of [scope.init, scope.left]) if (part) collectDeclarations([part], names)
  return names
}

/**
 * @param {unknown} body
 * @param {Set<string>} names
 */
function collectDeclarations(body, names) {
  const statements = Array.isArray(body) ? body : isNode(body) && Array.isArray(body.body) ? body.body : [body]
  for (const statement of statements) {
    const declared = statement?.declaration ?? statement
    if (declared?.type === 'VariableDeclaration') {
      for (const { id } of declared.declarations) collectPattern(id, names)
    } else if (/^(Function|Class|TSEnum)Declaration$/.test(declared?.type)) {
      if (declared.id) names.add(declared.id.name)
    } else if (declared?.type === 'ImportDeclaration') {
      for (const { local } of declared.specifiers ?? []) names.add(local.name)
    }
  }
}

/**
 * @param {SyntaxNode | null} pattern
 * @param {Set<string>} names
 */
function collectPattern(pattern, names) {
  if (!pattern) return
  switch (pattern.type) {
    case 'Identifier':
      names.add(pattern.name)
      return
    case 'ObjectPattern':
      for (const { value, argument } of pattern.properties) collectPattern(value ?? argument, names)
      return
    case 'ArrayPattern':
      for (const element of pattern.elements) collectPattern(element, names)
      return
    case 'AssignmentPattern':
      collectPattern(pattern.left, names)
      return
    case 'RestElement':
      collectPattern(pattern.argument, names)
      return
    case 'TSParameterProperty':
      collectPattern(pattern.parameter, names)
      return
    case 'FormalParameter':
      collectPattern(pattern.pattern, names)
  }
}

/**
 * @param {unknown} value
 * @returns {value is SyntaxNode}
 */
function isNode(value) {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

const scopeTypes =
  /^(Program|BlockStatement|StaticBlock|FunctionDeclaration|FunctionExpression|ArrowFunctionExpression|ClassExpression|CatchClause|ForStatement|ForInStatement|ForOfStatement|SwitchStatement|TSFunctionType|TSConstructorType|TSMethodSignature|TSCallSignatureDeclaration|TSDeclareFunction|TSEmptyBodyFunctionExpression)$/
