import { expect, test } from 'vitest'
import { findManifestOffences } from '../../scripts/exports/manifest-offences.mjs'

const path = 'packages/x/package.json'
const manifest = {
  name: '@capstan/x',
  version: '1.0.0',
  dependencies: { a: '^1.0.0' },
  exports: { '.': './dist/index.js' },
}
const files = ['README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts', 'src/index.ts']

test('accepts a complete package', () => {
  expect(findManifestOffences({ path, manifest, files })).toEqual([])
})

test.each([
  [{ manifest: { ...manifest, peerDependencies: { b: 'workspace:^' } } }, 'publishes "b": "workspace:^"'],
  [{ manifest: { ...manifest, dependencies: { c: 'catalog:' } } }, 'publishes "c": "catalog:"'],
  [{ manifest: { ...manifest, exports: { '.': { '@capstan/source': './src/index.ts' } } } }, '"@capstan/source"'],
  [{ files: files.filter((file) => file !== 'README.md') }, 'publishes no README.md'],
  [{ files: [...files, 'dist/old/gone.js'] }, 'publishes dist/old/gone.js, whose source is gone'],
])('reports %j', (change, text) => {
  const offences = findManifestOffences({ path, manifest, files, ...change })
  expect(offences).toHaveLength(1)
  expect(offences[0]?.text).toContain(text)
})
