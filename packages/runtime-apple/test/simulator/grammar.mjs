import { readFileSync } from 'node:fs'

// The grammar of the real command, taken from its sources. `since` is the release that added an entry.
const grammar = JSON.parse(readFileSync(new URL('./grammar.json', import.meta.url), 'utf8'))

/**
 * @typedef {{ readonly version: string, readonly macos: number }} Release
 * @typedef {{ readonly path: readonly string[], readonly options: ReadonlyMap<string, readonly string[]>, readonly positionals: readonly string[] }} Command
 */

/**
 * Parses an argv like the real parser, and rejects what that rejects.
 *
 * @param {readonly string[]} argv
 * @param {Release} release
 * @returns {Command | { readonly problem: string }}
 */
export function parseArgv(argv, release) {
  const { command, rest } = findCommand(argv, release)
  if (command === undefined)
    return { problem: `Plugin 'container-${argv.find((word) => !word.startsWith('-'))}' not found.` }
  const flags = command.passthrough ? rest.slice(0, 1) : rest
  const builtIn = flags.find((word) => grammar.builtinFlags.everyCommand.includes(word))
  if (builtIn !== undefined) return { path: [...command.path, builtIn], options: new Map(), positionals: [] }
  return readWords(command, rest, release)
}

/**
 * Lists the commands of a release, for `--experimental-dump-help`.
 *
 * @param {Release} release
 */
export function listCommands(release) {
  return grammar.commands.filter((command) => isThere(command, release))
}

/**
 * Lists the options of a command in a release.
 *
 * @param {any} command
 * @param {Release} release
 */
export function listOptions(command, release) {
  return command.options.filter((option) => isThere(option, release))
}

/**
 * @param {any} item
 * @param {Release} release
 */
function isThere({ since = '0.1.0', requires, path }, { version, macos }) {
  return (
    compareVersions(since, version) <= 0 &&
    !(requires?.startsWith('macOS 26') || path?.[0] === 'network' ? macos < 26 : false)
  )
}

/**
 * @param {readonly string[]} argv
 * @param {Release} release
 */
function findCommand(argv, release) {
  const commands = listCommands(release)
  let command = commands.find(({ path }) => path.length === 0)
  let at = 0
  for (; at < argv.length; at += 1) {
    const next = commands.find(
      ({ path, aliases }) =>
        path.length === command.path.length + 1 &&
        command.path.every((word, index) => path[index] === word) &&
        [path.at(-1), ...aliases].includes(argv[at]),
    )
    if (next === undefined) break
    command = next
  }
  const isUnknown = command.path.length === 0 && argv[at] !== undefined && !argv[at].startsWith('-')
  return { command: isUnknown ? undefined : command, rest: argv.slice(at) }
}

/**
 * @param {any} command
 * @param {readonly string[]} words
 * @param {Release} release
 */
function readWords(command, words, release) {
  const options = new Map()
  const positionals = []
  const known = listOptions(command, release)
  let isOver = false
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]
    if (isOver || word === '-' || !word.startsWith('-')) {
      positionals.push(word)
      if (command.passthrough) {
        positionals.push(...words.slice(at + 1))
        break
      }
      continue
    }
    if (word === '--') {
      isOver = true
      continue
    }
    const taken = readOption(known, word, words[at + 1])
    if ('problem' in taken) return taken
    for (const [name, value] of taken.found) options.set(name, [...(options.get(name) ?? []), value])
    at += taken.used
  }
  return check(command, { path: command.path, options, positionals })
}

/** Parses one word that begins with `-`: a long option, a short one, or several short ones. */
function readOption(known, word, next) {
  const [name, attached] = splitValue(word)
  const names = name.startsWith('--') ? [name.slice(2)] : [...name.slice(1)]
  const found = []
  let used = 0
  for (const [index, short] of names.entries()) {
    const option = known.find(({ long, short: shorts }) => (name.startsWith('--') ? long : shorts).includes(short))
    if (option === undefined) return { problem: `Unknown option '${word}'` }
    const title = option.long[0] ?? option.short[0]
    if (!option.takesValue) {
      if (attached !== undefined) return { problem: `The value '${attached}' is invalid for '${name}'` }
      found.push([title, ''])
      continue
    }
    const value = attached || undefined
    const taken =
      value ?? (used === 0 && next !== undefined && (next === '-' || !next.startsWith('-')) ? next : undefined)
    if (taken === undefined || (index < names.length - 1 && value !== undefined))
      return { problem: `Missing value for '${name} <${title}>'` }
    if (value === undefined) used = 1
    const bad = checkValue(option, taken)
    if (bad) return { problem: `The value '${taken}' is invalid for '${name} <${title}>': ${bad}` }
    found.push([title, taken])
  }
  return { found, used }
}

function splitValue(word) {
  const at = word.indexOf('=')
  return at === -1 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)]
}

function checkValue({ type, values = [] }, value) {
  if (values.length > 0 && !values.includes(value)) return `one of ${values.join(', ')}`
  if (/^u?int/.test(type ?? '') && !/^-?\d+$/.test(value)) return 'an integer'
  return undefined
}

function check(command, parsed) {
  const required = command.positionals.filter((positional) => positional.required)
  const most = command.positionals.some((positional) => positional.repeatable) ? Infinity : command.positionals.length
  const missing = required[parsed.positionals.length]
  if (missing !== undefined) return { problem: `Missing expected argument '<${missing.name}>'` }
  if (parsed.positionals.length > most) return { problem: `Unexpected argument '${parsed.positionals[most]}'` }
  const problem = checkNamed(command.path.join(' '), parsed)
  return problem === undefined ? parsed : { problem }
}

/** Checks that the command makes after parsing. */
function checkNamed(path, { options, positionals }) {
  if (/^(stop|kill|delete|(image|network|volume) delete)$/.test(path)) {
    if (positionals.length === 0 && !options.has('all')) return 'no containers specified and --all not supplied'
    if (positionals.length > 0 && options.has('all'))
      return 'explicitly supplied container ID(s) conflict with the --all flag'
  }
  if (options.has('no-dns') && ['dns', 'dns-domain', 'dns-option', 'dns-search'].some((name) => options.has(name)))
    return '--no-dns cannot be used with other DNS options'
  return undefined
}

/** Compares versions: negative if the first is older, positive if it is newer. */
function compareVersions(one, other) {
  const [first, second] = [one, other].map((version) => (version === 'HEAD' ? '99' : version).split('.').map(Number))
  for (let at = 0; at < 3; at += 1) {
    const difference = (first[at] ?? 0) - (second[at] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
