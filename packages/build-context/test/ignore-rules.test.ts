import { writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { listPaths } from './collect.js'
import { makeTree } from './temp-context.js'

const files = {
  'a.md': '',
  'a.txt': '',
  'docs/api/index.md': '',
  'docs/api/index.txt': '',
  'docs/guide.md': '',
  'src/a.md': '',
  constructor: '',
}

const all = ['.dockerignore', 'a.md', 'a.txt', 'constructor', 'docs', 'docs/api', 'docs/api/index.md']
const rest = ['docs/api/index.txt', 'docs/guide.md', 'src', 'src/a.md']

test.for([
  ['', [...all, ...rest]],
  ['# comment\n\n  \n', [...all, ...rest]],
  ['docs', ['.dockerignore', 'a.md', 'a.txt', 'constructor', 'src', 'src/a.md']],
  ['/docs/', ['.dockerignore', 'a.md', 'a.txt', 'constructor', 'src', 'src/a.md']],
  ['DOCS', [...all, ...rest]],
  ['*.md', ['.dockerignore', 'a.txt', 'constructor', 'docs', 'docs/api', 'docs/api/index.md', ...rest]],
  ['**/*.md\r\nconstructor', ['.dockerignore', 'a.txt', 'docs', 'docs/api', 'docs/api/index.txt', 'src']],
  ['*\n!docs/guide.md', ['docs/guide.md']],
  ['*\n!docs', ['docs', 'docs/api', 'docs/api/index.md', 'docs/api/index.txt', 'docs/guide.md']],
  ['*\n!docs/api', ['docs/api', 'docs/api/index.md', 'docs/api/index.txt']],
  ['*\n!**/*.txt', ['a.txt']],
  ['*\n!docs/**/*.txt', []],
  ['docs\n!docs/api/*.txt\ndocs/api/index.txt', ['.dockerignore', 'a.md', 'a.txt', 'constructor', 'src', 'src/a.md']],
  ['\uFEFF*\n!a.md', ['a.md']],
  ['*\n! a.md', ['a.md']],
  ['*\n!/docs/../a.md', ['a.md']],
  ['**', []],
] as const)('.dockerignore %j selects the same entries of a directory and in memory', async ([rules, expected]) => {
  const context = { ...files, '.dockerignore': rules }
  expect(await listPaths({ files: context })).toEqual(expected)
  expect(await listPaths({ directory: await makeTree(context) })).toEqual(expected)
})

test('never excludes the paths in keep', async () => {
  const context = { ...files, 'build/Dockerfile': '', 'build/*': '', '.dockerignore': '*' }
  for (const keep of [['build/Dockerfile'], ['build/*']]) {
    expect(await listPaths({ files: context }, keep)).toEqual(keep)
    expect(await listPaths({ directory: await makeTree(context) }, keep)).toEqual(keep)
  }
})

test('omits ignored directories, and includes empty directories that are not ignored', async () => {
  const directory = await makeTree({
    '.dockerignore': 'gone\n!gone/kept',
    'gone/sub': null,
    'gone/kept': '',
    empty: null,
  })
  expect(await listPaths({ directory })).toEqual(['.dockerignore', 'empty', 'gone/kept'])
})

test.for([
  '!',
  '\\',
  'a\\',
  '[]a]',
  '[-]',
  'x[a-]',
  '[',
  ' ! ',
  '!/',
  '[z-a]',
  'x*[',
  'docs\\x',
  '**/\\example',
  'a{2,1}*',
])('rejects with INVALID_ARGUMENT, file, line and pattern when docker rejects %j', async (pattern) => {
  const context = { ...files, '.dockerignore': `# comment\n\n${pattern}\r\nc` }
  for (const [part, given] of [
    ['files', { files: context }],
    ['directory', { directory: await makeTree(context) }],
  ] as const) {
    await expect(listPaths(given)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      facts: {
        field: `context.${part}[".dockerignore"]`,
        expected: 'patterns that docker accepts; it rejects line 3',
        given: JSON.stringify(pattern),
      },
    })
  }
})

test('accepts an invalid pattern when no path is compared with it, like docker', async () => {
  expect(await listPaths({ files: { a: '', '.dockerignore': '![z-a]' } })).toEqual(['.dockerignore', 'a'])
  await expect(listPaths({ files: { a: '', '.dockerignore': 'a\n![z-a]' } })).rejects.toThrow('it rejects line 2')
  await expect(listPaths({ files: { a: '', '.dockerignore': '![z-a]\n[z-a]' } })).rejects.toThrow('it rejects line 2')
})

test.for([
  ['a byte that is not UTF-8 matches no character', 'x\xff', ['x\ufffd', 'x']],
  ['such a byte is U+FFFD in a pattern with a wildcard', 'x?\xff', ['x', 'x\ufffd']],
  ['a byte order mark is removed once', '\xef\xbb\xbf\xef\xbb\xbfx', ['x', 'x\ufffd']],
] as const)('in a .dockerignore that is not UTF-8, %s', async ([, rules, expected]) => {
  const context = { x: '', 'x\ufffd': '', 'xy\ufffd': '', '.dockerignore': Buffer.from(rules, 'latin1') }
  const kept = (await listPaths({ files: context })).filter((path) => path !== '.dockerignore' && path !== 'xy\ufffd')
  expect(new Set(kept)).toEqual(new Set(expected))
})

test('excludes a name that is not UTF-8', async () => {
  const directory = await makeTree({ '.dockerignore': 'dro*\nx?y', file: '' })
  for (const name of ['dro\xff', 'x\xffy']) await writeFile(Buffer.from(`${directory}/${name}`, 'latin1'), '')
  expect(await listPaths({ directory })).toEqual(['.dockerignore', 'file'])
})

test('has no rules when .dockerignore is a dangling link', async () => {
  const directory = await makeTree({ '.dockerignore': { link: 'absent' }, a: '' })
  expect(await listPaths({ directory })).toEqual(['.dockerignore', 'a'])
})

test('rejects a .dockerignore that is a directory or a link out of the context', async () => {
  const directories = [{ '.dockerignore/file': '' }, { '.dockerignore': { link: '/etc/passwd' } }]
  for (const tree of directories) {
    const reading = listPaths({ directory: await makeTree(tree) })
    await expect(reading).rejects.toMatchObject({ facts: { field: 'context.directory[".dockerignore"]' } })
  }
})

test('matches patterns with many wildcards in linear time', async () => {
  const rules = `${'*a'.repeat(100)}b\n${'a*'.repeat(100)}b\n${'**/a/'.repeat(60)}**/b*\n${'a{0,99}'.repeat(20)}b*`
  const files = { ['a'.repeat(250)]: '', [`${'a/'.repeat(90)}c`]: '', '.dockerignore': rules }
  expect(await listPaths({ files })).toContain('a'.repeat(250))
})
