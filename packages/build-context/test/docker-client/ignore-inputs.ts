import type { Dice } from '../../../../test/support/dice.js'

/** One input of the comparison, for one tree. */
export interface IgnoreInput {
  /** The text of the .dockerignore. */
  readonly rules: string
  /** A path in the tree. */
  readonly dockerfile: string
}

/** The path of a file, the path of a directory with a trailing `/`, or `PATH -> TARGET` for a link. */
export type TreeItem = string

/** Creates a tree with many kinds of names, up to four directories deep. Half of the trees have no links and empty directories. */
export function createTree(dice: Dice): readonly TreeItem[] {
  const isPlain = dice.isHit(50)
  const items = new Map<string, TreeItem>([['Dockerfile', 'Dockerfile']])
  const fill = (directory: string, depth: number) => {
    for (let count = 2 + dice.below(7); count > 0; count -= 1) {
      const path = `${directory}${createName(dice)}`
      if (items.has(path) || path === '.dockerignore') continue
      if (depth < 4 && dice.isHit(45)) {
        items.set(path, `${path}/`)
        if (isPlain || !dice.isHit(10)) fill(`${path}/`, depth + 1)
      } else items.set(path, !isPlain && dice.isHit(7) ? `${path} -> ${createName(dice)}` : path)
    }
  }
  fill('', 1)
  return [...items.values()]
}

function createName(dice: Dice): string {
  const name = dice.isHit(75)
    ? dice.pick(names)
    : dice.pick(pieces) + dice.pick(pieces) + (dice.isHit(30) ? dice.pick(pieces) : '')
  return name === '.' || name === '..' ? 'a' : name
}

/** Creates a .dockerignore and a Dockerfile path for the tree. Most lines refer to existing names. */
export function createInput(dice: Dice, tree: readonly TreeItem[]): IgnoreInput {
  // docker's client treats the name of the Dockerfile as a pattern.
  const files = tree.filter((item) => /^[\w./-]+$/.test(item) && !item.endsWith('/'))
  return {
    rules: createRules(dice, tree),
    dockerfile: dice.isHit(85) ? 'Dockerfile' : (dice.pick(files) ?? 'Dockerfile'),
  }
}

function createRules(dice: Dice, tree: readonly TreeItem[]): string {
  const paths = tree.map((item) => item.replace(/ -> .*$/s, '').replace(/\/$/, ''))
  const lines: string[] = []
  for (let count = 1 + dice.below(dice.isHit(10) ? 12 : 5); count > 0; count -= 1) lines.push(createLine(dice, paths))
  const end = dice.isHit(85) ? '\n' : '\r\n'
  return `${dice.isHit(4) ? '\uFEFF' : ''}${lines.join(end)}${dice.isHit(50) ? end : ''}`
}

function createLine(dice: Dice, paths: readonly string[]): string {
  const pattern = dice.isHit(12) ? createWild(dice) : alter(dice, dice.pick(paths) ?? 'a')
  const isException = dice.isHit(30)
  const marked = isException ? `!${pattern}` : pattern
  return dice.isHit(15) ? `${dice.pick(openings)}${marked}${dice.pick(closings)}` : marked
}

/** Changes a path to a pattern that may match it. */
function alter(dice: Dice, path: string): string {
  const names = path.split('/')
  if (dice.isHit(30)) names.length = 1 + dice.below(names.length)
  const altered = names.map((name) => (dice.isHit(55) ? name : alterName(dice, name)))
  if (dice.isHit(15))
    altered.splice(dice.below(altered.length + 1), dice.below(2), dice.pick(['**', '*', '..', '.', '']))
  return altered.join('/')
}

function alterName(dice: Dice, name: string): string {
  const runes = Array.from(name)
  const at = dice.below(runes.length)
  const rune = runes[at] ?? ''
  const kind = dice.below(14)
  if (kind < 3)
    return dice.pick(['*', '**', '?', '*.*', `*${rune}`, `${rune}*`, `**${rune}`, `${rune}**`, `**/${name}`])
  if (kind < 10) {
    const next = dice.pick(pieces)
    const class_ = [`[${rune}]`, `[^${rune}]`, `[${rune}-${next}]`, `[${next}${rune}]`, `[\\${rune}]`, `[!${rune}]`]
    runes[at] = dice.pick([
      '*',
      '?',
      '**',
      `\\${rune}`,
      `${rune}*`,
      `${rune}?`,
      dice.pick(class_) ?? '',
      dice.pick(special),
    ])
    return runes.join('')
  }
  if (kind < 12) return runes.map((one) => (dice.isHit(40) ? `\\${one}` : one)).join('')
  return name + dice.pick(special)
}

/** Creates a pattern of special characters in any order. */
function createWild(dice: Dice): string {
  let text = ''
  for (let count = 1 + dice.below(7); count > 0; count -= 1)
    text += dice.isHit(55) ? dice.pick(special) : dice.pick(pieces)
  return text
}

const names = [
  'a',
  'b',
  'c',
  'ab',
  'abc',
  'a.b',
  '.a',
  '.git',
  'src',
  'lib',
  'node_modules',
  'README.md',
  'a.md',
  'x.txt',
  'A',
  'Dockerfile',
  'Dockerfile.dockerignore',
  'dockerfile',
  'constructor',
  '__proto__',
  'a b',
  ' a',
  'a ',
  ' ',
  'a\nb',
  'é',
  '日本',
  '日',
  '\u{1F600}',
  'e\u0301',
  '\uFEFFa',
  '\u0085',
  'a\u00a0',
  '\u2028',
  '\ufffd',
  'ß',
  'Ω',
  'я',
  'a|b',
  'a{2}',
  'aa',
  '{',
  '}',
  '[a]',
  ']',
  '[',
  '^a',
  'a^b',
  '$',
  'a$',
  '(a)',
  'a+',
  '+',
  '\\',
  'a\\b',
  '\\d',
  '1',
  '*',
  'a*b',
  '**',
  '?',
  '!a',
  '!',
  '#a',
  '-',
  '_',
  '~',
  "a'b",
  '"',
  '\t',
  'a\tb',
  '\r',
  'a,b',
  ':',
  '...',
  'a..b',
  '@',
  '%',
] as [string, ...string[]]
const pieces = [
  'a',
  'b',
  'ab',
  '.',
  '-',
  '_',
  '1',
  'é',
  '日',
  'A',
  'z',
  ' ',
  ']',
  '^',
  '|',
  '+',
  '\\',
  '~',
  '*',
  '!',
  '{',
  '\n',
] as [string, ...string[]]
const special = [
  '*',
  '**',
  '?',
  '/',
  '**/',
  '/**',
  '***',
  '[a-z]',
  '[^a]',
  '[',
  ']',
  '[]',
  '[]a]',
  '[^]a]',
  '[a-]',
  '[-a]',
  '[*]',
  '[?]',
  '[**]',
  '[a?b]',
  '[.]',
  '[|]',
  '[z-a]',
  '[[:alpha:]]',
  '[[:^digit:]]',
  '[[:no:]]',
  '[\\]]',
  '[\\d]',
  '[^/]',
  '[/]',
  '[é-日]',
  '[a*b]',
  '[(**]',
  '\\',
  '\\\\',
  '\\*',
  '\\?',
  '\\[',
  '\\d',
  '\\D',
  '\\w',
  '\\W',
  '\\s',
  '\\S',
  '\\b',
  '\\B',
  '\\A',
  '\\z',
  '\\Q',
  '\\E',
  '\\n',
  '\\t',
  '\\x61',
  '\\x{62}',
  '\\x{}',
  '\\x',
  '\\141',
  '\\1',
  '\\0',
  '\\pL',
  '\\PL',
  '\\p{Greek}',
  '\\p{^Lu}',
  '\\p{No}',
  '\\p',
  '\\C',
  '\\e',
  '\\é',
  '\\!',
  '\\ ',
  '|',
  '{',
  '}',
  '{2}',
  '{0,1}',
  '{1,}',
  '{,2}',
  '{2,1}',
  '{1001}',
  '{02}',
  '^',
  '$',
  '(',
  ')',
  '+',
  '.',
  '..',
  '!',
  '#',
  ' ',
  '\t',
  '\r',
  '\u0085',
  '\\Qa*\\E',
  '\\Q\\E',
  'a|b',
  '|a',
  'a|',
  '||',
  'a{1}{1}',
  '*{2}',
  '?{2}',
  '[a]{2}',
  '[*]{2}',
  '\uFEFF',
  '//',
  './',
  '../',
  '/.',
  '/..',
] as [string, ...string[]]
const openings = [
  '/',
  '//',
  './',
  '../',
  '/../',
  ' ',
  '\t',
  '! ',
  '!',
  '!!',
  '/!',
  './!',
  '!/',
  '! /',
  '# ',
  ' #',
  '#',
  '\u00a0',
  '\u0085',
  'a/../',
  '\uFEFF',
  '**/',
  '!../',
  '!../../',
] as [string, ...string[]]
const closings = [
  '',
  '',
  '/',
  '//',
  '/.',
  '/..',
  ' ',
  '\t',
  '\r',
  '\u00a0',
  '/*',
  '/**',
  '/**/',
  '/**/*',
  '*',
  ' /',
  '/ ',
  '\u2003',
  '\v\f',
] as [string, ...string[]]
