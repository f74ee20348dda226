import { expect, test } from 'vitest'
import { findManifestViolations } from '../../scripts/exports/manifest-violations.mjs'

const path = 'packages/x/package.json'
const manifest = {
  name: '@capstan/x',
  version: '1.0.0',
  dependencies: { a: '^1.0.0' },
  exports: { '.': './dist/index.js' },
}
const files = ['README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts', 'src/index.ts']

test('accepts a complete package', () => {
  expect(findManifestViolations({ path, manifest, files })).toEqual([])
})

test.each([
  [{ manifest: { ...manifest, peerDependencies: { b: 'workspace:^' } } }, 'publishes "b": "workspace:^"'],
  [{ manifest: { ...manifest, dependencies: { c: 'catalog:' } } }, 'publishes "c": "catalog:"'],
  [{ manifest: { ...manifest, exports: { '.': { '@capstan/source': './src/index.ts' } } } }, '"@capstan/source"'],
  [{ files: files.filter((file) => file !== 'README.md') }, 'publishes no README.md'],
  [{ files: [...files, 'dist/old/stale.js'] }, 'publishes dist/old/stale.js, whose source does not exist'],
])('reports %j', (change, text) => {
  const violations = findManifestViolations({ path, manifest, files, ...change })
  expect(violations).toHaveLength(1)
  expect(violations[0]?.text).toContain(text)
})
