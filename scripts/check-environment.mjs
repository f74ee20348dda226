import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isMain } from '../tools/is-main.mjs'
import { findFreeNames } from './source/free-names.mjs'
import { readPackages } from './source/packages.mjs'
import { parseNodes, parseProgram, toLine } from './source/syntax-tree.mjs'
import { reportViolations } from './source/violation.mjs'

/**
 * @typedef {import('./source/violation.mjs').Violation} Violation
 * @typedef {import('./source/syntax-tree.mjs').SyntaxNode} SyntaxNode
 */

/**
 * Finds source code that reads the environment of the process, directly or by a call, instead of the environment of its
 * host: `process.env` in any spelling, `os.homedir()` and `os.tmpdir()`, child processes and workers that are started
 * without `env`, and hosts that are created without `env`.
 *
 * A variable `process` that the file declares is not the process of Node. An environment in a variable that is passed to a
 * call is not detected: write `env` in the call itself.
 *
 * @param {string} path
 * @param {string} text
 * @returns {readonly Violation[]}
 */
export function findEnvironmentViolations(path, text) {
  const nodes = parseNodes(path, text)
  const names = findImportedNames(nodes)
  const free = findFreeNames(parseProgram(path, text))
  const isProcess = (/** @type {SyntaxNode | undefined} */ node) => isProcessObject(node, { names, free })
  const allowed = new Set(nodes.flatMap((node) => findPlainUses(node, isProcess)))
  const violations = nodes.flatMap((node) => {
    const violation =
      checkImport(node) ??
      checkMember(node, { isProcess, names }) ??
      checkPattern(node, isProcess) ??
      checkWholeProcess(node, { isProcess, allowed }) ??
      checkCall(node, names)
    return violation ? [{ path, line: toLine(text, node.start), text: violation }] : []
  })
  return violations.filter((one, index) => {
    return violations.findIndex((other) => other.line === one.line && other.text === one.text) === index
  })
}

/**
 * The module of each imported name: `{ run: { module: 'child_process', name: 'spawn' } }`; a namespace or default has
 * the name `*`.
 *
 * @typedef {ReadonlyMap<string, { readonly module: string, readonly name: string }>} ImportedNames
 *
 * @param {readonly SyntaxNode[]} nodes
 * @returns {ImportedNames}
 */
function findImportedNames(nodes) {
  /** @type {Map<string, { module: string, name: string }>} */
  const names = new Map()
  for (const node of nodes) {
    if (node.type === 'ImportDeclaration' && node.importKind !== 'type') {
      const module = toModule(node.source.value)
      for (const specifier of node.specifiers ?? []) {
        const name = specifier.type === 'ImportSpecifier' ? (specifier.imported.name ?? specifier.imported.value) : '*'
        names.set(specifier.local.name, { module, name: name === 'default' ? '*' : name })
      }
    }
    if (node.type === 'VariableDeclarator') {
      const module = toLoadedModule(node.init)
      if (module === undefined) continue
      if (node.id.type === 'Identifier') names.set(node.id.name, { module, name: '*' })
      for (const { key, value } of node.id.properties ?? []) {
        if (key && value?.type === 'Identifier') names.set(value.name, { module, name: key.name ?? key.value })
      }
    }
  }
  return names
}

/**
 * The module of `await import('…')` and `require('…')`.
 *
 * @param {SyntaxNode | null | undefined} node
 * @returns {string | undefined}
 */
function toLoadedModule(node) {
  if (node?.type === 'AwaitExpression') return toLoadedModule(node.argument)
  if (node?.type === 'ImportExpression')
    return typeof node.source.value === 'string' ? toModule(node.source.value) : undefined
  const isRequire = node?.type === 'CallExpression' && node.callee.name === 'require'
  return isRequire && typeof node.arguments[0]?.value === 'string' ? toModule(node.arguments[0].value) : undefined
}

/** @param {string} specifier */
function toModule(specifier) {
  return specifier.replace(/^node:/, '')
}

/**
 * @typedef {(node: SyntaxNode | undefined) => boolean} IsProcess
 *
 * @param {SyntaxNode | undefined} node
 * @param {{ readonly names: ImportedNames, readonly free: ReadonlySet<unknown> }} known
 * @returns {boolean}
 */
function isProcessObject(node, { names, free }) {
  if (node?.type === 'Identifier') {
    const imported = names.get(node.name)
    if (imported?.module === 'process' && imported.name === '*') return true
    return node.name === 'process' && free.has(node)
  }
  if (node?.type === 'ChainExpression') return isProcessObject(node.expression, { names, free })
  if (node?.type !== 'MemberExpression') return false
  const { object } = node
  const isGlobal = object.type === 'Identifier' && ['globalThis', 'global'].includes(object.name) && free.has(object)
  return isGlobal && toKey(node) === 'process'
}

/**
 * The name of a member; `undefined` when it is computed.
 *
 * @param {SyntaxNode} member
 * @returns {string | undefined}
 */
function toKey({ property, computed }) {
  if (!computed) return property.name
  if (property.type === 'TemplateLiteral' && property.expressions.length === 0) return property.quasis[0].value.cooked
  return property.type === 'Literal' ? String(property.value) : undefined
}

/** @param {SyntaxNode} node */
function checkImport(node) {
  if (node.type === 'ImportDeclaration' && node.importKind !== 'type') {
    const found = (node.specifiers ?? []).map(
      (/** @type {SyntaxNode} */ { imported }) => imported?.name ?? imported?.value,
    )
    return checkNames(toModule(node.source.value), found)
  }
  if (node.type === 'ExportNamedDeclaration' && node.source) {
    const found = (node.specifiers ?? []).map((/** @type {SyntaxNode} */ { local }) => local?.name ?? local?.value)
    return checkNames(toModule(node.source.value), found)
  }
  if (node.type !== 'VariableDeclarator') return undefined
  const module = toLoadedModule(node.init)
  const keys = (node.id.properties ?? []).map((/** @type {SyntaxNode} */ { key }) => key?.name ?? key?.value)
  return module === undefined ? undefined : checkNames(module, keys)
}

/**
 * @param {string} module
 * @param {readonly (string | undefined)[]} names
 */
function checkNames(module, names) {
  if (module === 'process' && names.includes('env')) return readsEnvironment
  const reader = module === 'os' ? names.find((name) => name && name in osReaders) : undefined
  return reader === undefined ? undefined : osReaders[reader]
}

/**
 * @param {SyntaxNode} node
 * @param {{ readonly isProcess: IsProcess, readonly names: ImportedNames }} known
 */
function checkMember(node, { isProcess, names }) {
  if (node.type !== 'MemberExpression') return undefined
  const key = toKey(node)
  if (isProcess(node.object) && (key === undefined || environmentKeys.includes(key))) return readsEnvironment
  if (node.object.type === 'MetaProperty' && key === 'env') return readsEnvironment
  const from = node.object.type === 'Identifier' ? names.get(node.object.name) : undefined
  return from?.module === 'os' && from.name === '*' && key !== undefined ? osReaders[key] : undefined
}

/**
 * Finds `const { env } = process`, also with a rest element, as a default, or in an assignment.
 *
 * @param {SyntaxNode} node
 * @param {IsProcess} isProcess
 */
function checkPattern(node, isProcess) {
  const [pattern, value] = toPattern(node)
  if (pattern?.type !== 'ObjectPattern' || !isProcess(value)) return undefined
  const isRead = pattern.properties.some((/** @type {SyntaxNode} */ { type, key, computed }) => {
    return type === 'RestElement' || computed || environmentKeys.includes(key.name ?? key.value)
  })
  return isRead ? readsEnvironment : undefined
}

/**
 * @param {SyntaxNode} node
 * @returns {readonly [SyntaxNode | undefined, SyntaxNode | undefined]}
 */
function toPattern(node) {
  if (node.type === 'VariableDeclarator') return [node.id, node.init ?? undefined]
  if (node.type === 'AssignmentExpression' || node.type === 'AssignmentPattern') return [node.left, node.right]
  return [undefined, undefined]
}

/**
 * The uses of `process` that name the accessed member.
 *
 * @param {SyntaxNode} node
 * @param {IsProcess} isProcess
 * @returns {readonly SyntaxNode[]}
 */
function findPlainUses(node, isProcess) {
  if (node.type === 'MemberExpression') return isProcess(node.object) ? [node.object] : []
  if (node.type === 'ImportDeclaration')
    return (node.specifiers ?? []).map((/** @type {SyntaxNode} */ { local }) => local)
  const [pattern, value] = toPattern(node)
  return pattern?.type === 'ObjectPattern' && value && isProcess(value) ? [value] : []
}

/**
 * @param {SyntaxNode} node
 * @param {{ readonly isProcess: IsProcess, readonly allowed: ReadonlySet<SyntaxNode> }} known
 */
function checkWholeProcess(node, { isProcess, allowed }) {
  const isWhole =
    (node.type === 'Identifier' || node.type === 'MemberExpression') && isProcess(node) && !allowed.has(node)
  return isWhole ? 'passes the whole process with its environment: pass only the members that are needed' : undefined
}

/**
 * @param {SyntaxNode} node
 * @param {ImportedNames} names
 */
function checkCall(node, names) {
  if (node.type === 'NewExpression') {
    const { module, name } = toCalled(node.callee, names)
    return module === 'worker_threads' && name === 'Worker'
      ? checkConfigOptions(node, ['env'], 'starts a worker')
      : undefined
  }
  if (node.type !== 'CallExpression' && node.type !== 'TaggedTemplateExpression') return undefined
  const callee = node.callee ?? node.tag
  const { module, name } = toCalled(callee, names)
  if (module === 'child_process' && childProcessStarters.includes(name))
    return checkConfigOptions(node, ['env'], starts)
  if (module === 'execa' && name !== 'ExecaError') return checkConfigOptions(node, ['env', 'extendEnv'], starts)
  if (module === '@capstan/core' && name === 'createRuntimeHost') return checkHost(node)
  const isPassed = (node.arguments ?? []).some((/** @type {SyntaxNode} */ argument) => {
    const from = toCalled(argument, names)
    return from.module === 'child_process' && childProcessStarters.includes(from.name)
  })
  return isPassed ? 'passes a function that starts processes: call it here with an `env`' : undefined
}

/**
 * @param {SyntaxNode} callee
 * @param {ImportedNames} names
 * @returns {{ readonly module: string, readonly name: string }}
 */
function toCalled(callee, names) {
  if (callee.type === 'Identifier') return names.get(callee.name) ?? { module: '', name: '' }
  if (callee.type !== 'MemberExpression' || callee.object.type !== 'Identifier') return { module: '', name: '' }
  const { module = '', name = '' } = names.get(callee.object.name) ?? {}
  return name === '*' ? { module, name: toKey(callee) ?? '' } : { module: '', name: '' }
}

/**
 * @param {SyntaxNode} call
 * @param {readonly string[]} needed
 * @param {string} what
 */
function checkConfigOptions(call, needed, what) {
  const given = (call.arguments ?? []).flatMap((/** @type {SyntaxNode} */ argument) => {
    return argument.type === 'ObjectExpression' ? toKeys(argument) : []
  })
  const missing = needed.filter((name) => !given.includes(name))
  return missing.length === 0
    ? undefined
    : `${what} without \`${missing.join('` and `')}\` in the call: it gets process.env`
}

/** @param {SyntaxNode} call */
function checkHost({ arguments: [options] }) {
  if (options?.type !== 'ObjectExpression') return undefined
  const isSpread = options.properties.some((/** @type {SyntaxNode} */ { type }) => type === 'SpreadElement')
  return isSpread || toKeys(options).includes('env') ? undefined : 'creates a host without `env`: it gets process.env'
}

/** @param {SyntaxNode} object */
function toKeys({ properties }) {
  return properties.map((/** @type {SyntaxNode} */ { key }) => key?.name ?? key?.value)
}

const readsEnvironment = 'reads the environment of the process: use the environment of the host'
const starts = 'starts a process'
const environmentKeys = ['env', 'loadEnvFile', 'getBuiltinModule']

/** @type {Readonly<Record<string, string>>} */
const osReaders = {
  homedir: 'calls os.homedir(), which reads HOME of the process: use findHomeDirectory(env) of @capstan/core',
  tmpdir: 'calls os.tmpdir(), which reads TMPDIR of the process: use findTemporaryDirectory(env) of @capstan/core',
}

const childProcessStarters = ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork']

/** The files that may read the environment of the process, with the reason. @type {Readonly<Record<string, string>>} */
const entryPoints = {
  'packages/core/src/host/create-runtime-host.ts': 'the default of the host that an application creates',
  'packages/cli/src/terminal/io.ts': 'the command is the application: it passes this environment to its host',
  'packages/conformance/src/run/opened-case.ts': 'the default of the kit, which a test runner calls',
}

if (isMain(import.meta.url)) {
  const packages = readPackages(dirname(dirname(fileURLToPath(import.meta.url))), ['packages', 'examples'])
  const files = packages.flatMap(({ sources }) => sources).filter(({ path }) => !(path in entryPoints))
  reportViolations(files.flatMap(({ path, text }) => findEnvironmentViolations(path, text)))
}
