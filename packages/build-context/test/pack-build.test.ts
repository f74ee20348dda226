import { packBuild } from '@capstan/build-context'
import type { BuildContext } from '@capstan/core'
import { extract } from 'tar-stream'
import { expect, test } from 'vitest'
import { collect } from './collect.js'
import { makeTree } from './temp-context.js'

const text = 'FROM busybox\nCOPY . .\n'
const replacement = `${text}LABEL a=b\n`

async function pack(context: BuildContext | undefined, file = { text, replacement }) {
  const { archive, ...location } = await packBuild(context, file)
  const files: Record<string, string> = {}
  const reader = extract()
  archive.on('error', (error) => reader.destroy(error)).pipe(reader)
  for await (const entry of reader)
    files[entry.header.name] = Buffer.concat(await collect(entry as AsyncIterable<Uint8Array>)).toString()
  return { ...location, files }
}

test.for([
  ['Dockerfile', { Dockerfile: text, same: text }],
  ['ci/Dockerfile', { 'ci/Dockerfile': text, Dockerfile: 'FROM other' }],
] as const)('uses the file %s of the context with the same text, and adds nothing', async ([dockerfile, files]) => {
  const context = { ...files, '.dockerignore': 'x*' }
  const packed = await pack({ files: context })
  expect(packed).toMatchObject({ dockerfile, isContextFile: true, files: context })
  expect((await pack({ directory: await makeTree(context) })).files).toEqual(packed.files)
})

test.for([
  ['Dockerfile\n', {}, 'Dockerfile'],
  ['Docker*\n!Dockerfile\nnode_modules', {}, 'Dockerx'],
  ['*\n!.dockerignore\n!a', {}, 'Dockerfile'],
  ['a\n.git/\n', {}, 'a'],
  ['**/*.log', {}, 'x.log'],
  ['src/*.log', { 'src/a': '' }, 'src/x.log'],
  ['src/**', { 'src/a': '' }, 'src/x'],
  ['gone/x\n*.tmp', {}, 'x.tmp'],
  ['d\n!d/e\n*.tmp', { 'd/e': '' }, 'x.tmp'],
  ['a[b]\n*.t?p', {}, 'x.txp'],
] as const)('uses a name that the rules %j exclude, and does not change .dockerignore', async ([rules, more, name]) => {
  const context = { ...more, kept: '', '.dockerignore': rules }
  const packed = await pack({ files: context })
  expect(packed).toMatchObject({ dockerfile: name, isContextFile: false })
  expect(packed.files[name]).toBe(replacement)
  expect(packed.files['.dockerignore']).toBe(rules)
})

test.for([
  ['without .dockerignore', { a: '' }, '.dockerignore\n.capstan.dockerfile\n', '.capstan.dockerfile'],
  [
    'with a .dockerignore that excludes only itself',
    { a: '', '.dockerignore': '.dockerignore' },
    '.dockerignore\n.capstan.dockerfile\n',
    '.capstan.dockerfile',
  ],
  [
    'with a .dockerignore that excludes no name',
    { '.dockerignore': '# none' },
    '# none\n.capstan.dockerfile\n',
    '.capstan.dockerfile',
  ],
  [
    'with rules for an absent directory',
    { '.dockerignore': 'gone/x\n' },
    'gone/x\n.capstan.dockerfile\n',
    '.capstan.dockerfile',
  ],
  [
    'with a file of the fixed name',
    { '.capstan.dockerfile': '' },
    '.dockerignore\n.capstan.dockerfile.2\n',
    '.capstan.dockerfile.2',
  ],
] as const)('excludes a fixed name, for any text, in a context %s', async ([, files, rules, name]) => {
  for (const other of [text, `${text}RUN true\n`]) {
    const packed = await pack({ files }, { text: other, replacement: `${other}LABEL a=b\n` })
    expect(packed).toMatchObject({ dockerfile: name, isContextFile: false })
    expect(packed.files).toMatchObject({ [name]: `${other}LABEL a=b\n`, '.dockerignore': rules })
  }
})

test('packs only the Dockerfile without a context', async () => {
  const { files } = await pack(undefined)
  expect(files).toEqual({ '.capstan.dockerfile': replacement, '.dockerignore': '.dockerignore\n.capstan.dockerfile\n' })
})

test('follows a link to the rules', async () => {
  const directory = await makeTree({ '.dockerignore': { link: './rules' }, rules: '*.log' })
  expect(await pack({ directory })).toMatchObject({
    dockerfile: 'x.log',
    files: { '.dockerignore': '', rules: '*.log' },
  })
})
