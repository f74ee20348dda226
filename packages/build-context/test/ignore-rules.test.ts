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
  ['*\n!docs/guide.md', ['docs', 'docs/guide.md']],
  ['*\n!docs/api', ['docs', 'docs/api', 'docs/api/index.md', 'docs/api/index.txt']],
  ['*\n!**/*.txt', ['a.txt', 'docs', 'docs/api', 'docs/api/index.txt']],
  ['docs\n!docs/api/*.txt\ndocs/api/index.txt', ['.dockerignore', 'a.md', 'a.txt', 'constructor', 'src', 'src/a.md']],
  ['\uFEFF*\n!a.md', ['a.md']],
  ['*\n! a.md', ['a.md']],
  ['*\n!/docs/../a.md', ['a.md']],
  ['**', []],
] as const)('.dockerignore %j means the same for a directory and in memory', async ([rules, expected]) => {
  const context = { ...files, '.dockerignore': rules }
  expect(await listPaths({ files: context })).toEqual(expected)
  expect(await listPaths({ directory: await makeTree(context) })).toEqual(expected)
})

test('keeps the Dockerfile that is asked for, whatever the rules drop', async () => {
  const context = { ...files, 'build/Dockerfile': '', '.dockerignore': '*' }
  const keep = ['build/Dockerfile']
  expect(await listPaths({ files: context }, keep)).toEqual(['build', 'build/Dockerfile'])
  expect(await listPaths({ directory: await makeTree(context) }, keep)).toEqual(['build', 'build/Dockerfile'])
})

test('leaves out empty directories that only an ignored name explains, and keeps others', async () => {
  const directory = await makeTree({ '.dockerignore': 'gone\n!gone/kept', 'gone/sub': null, empty: null })
  expect(await listPaths({ directory })).toEqual(['.dockerignore', 'empty'])
})

test('refuses a pattern that is none, and a .dockerignore that is no file of the context', async () => {
  const bad = { '.dockerignore': 'good\nbad(', good: '' }
  await expect(listPaths({ files: bad })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    facts: { field: 'context.files[".dockerignore"]', given: '"bad("' },
  })
  const directories = [{ '.dockerignore/file': '' }, { '.dockerignore': { link: '/etc/passwd' } }]
  for (const tree of directories) {
    const reading = listPaths({ directory: await makeTree(tree) })
    await expect(reading).rejects.toMatchObject({ facts: { field: 'context.directory[".dockerignore"]' } })
  }
})
