import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findBoundaryViolations } from '../../scripts/check-boundaries.mjs'

let root = ''

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'capstan-boundaries-'))
  addPackage('core', { dependencies: { tsyringe: '1' } })
  addPackage('runtime-docker', {
    dependencies: { dockerode: '1', execa: '1' },
    peerDependencies: { '@capstan/core': '1' },
  })
  addPackage('runtime-apple', { dependencies: { execa: '1' }, peerDependencies: { '@capstan/core': '1' } })
  addPackage('feature-buildkit', { peerDependencies: { '@capstan/core': '1', '@capstan/runtime-docker': '1' } })
  addPackage('cli', {
    dependencies: { '@capstan/core': '1', '@capstan/runtime-docker': '1' },
    devDependencies: { vitest: '1' },
  })
})

afterEach(() => rmSync(root, { recursive: true }))

test('accepts packages that import only what they list, in one direction', () => {
  addFile('core/src/injection/di.ts', "import { container } from 'tsyringe'")
  addFile('core/src/other.ts', "import { readFile } from 'node:fs/promises'\nexport * from './injection/di.js'")
  addFile('runtime-docker/src/a.ts', "import type Docker from 'dockerode'\nconst late = () => import('dockerode')")
  addFile('runtime-docker/src/b.ts', "import { x } from '@capstan/core'")
  addFile('runtime-apple/src/apple-cli.ts', "import { execa } from 'execa'")
  addFile('cli/src/a.ts', "import { dockerPlugin } from '@capstan/runtime-docker'")
  addFile(
    'cli/test/a.test.ts',
    "import { test } from 'vitest'\nimport { x } from '../../../test/support/x.js'\nimport '../src/a.js'",
  )
  addFile('cli/test/b.test.ts', "import '../../runtime-docker/test/support/fake.js'")
  expect(violations()).toEqual([])
})

test.each([
  ['core/src/a.ts', "import '@capstan/cli'", 'which its package.json does not list'],
  ['core/src/a.ts', "import 'fs'", 'a module of Node without its prefix node:'],
  ['core/src/a.ts', "import { x } from 'tsyringe'", 'which only packages/core/src/injection/di.ts may do'],
  ['core/src/a.ts', "import '../../cli/src/a.js'", 'which is outside of packages/core/src'],
  ['core/src/a.ts', "import '../test/a.js'", 'which is outside of packages/core/src'],
  ['core/test/a.test.ts', "import '../../cli/src/a.js'", 'which is outside of packages/core'],
  ['core/test/a.test.ts', "import '../../cli/test/support/a.js'", 'which is outside of packages/core'],
  ['cli/test/a.test.ts', "import '../../runtime-docker/test/a.js'", 'which is outside of packages/cli'],
  ['core/src/a.ts', "import '@capstan/core'", 'which is its own package: name the file'],
  ['feature-buildkit/src/a.ts', "import '@capstan/runtime-docker'", 'may not import'],
  ['feature-buildkit/src/a.ts', "export * from '@capstan/core/src/index.js'", 'which its exports do not contain'],
  ['cli/src/a.ts', "import 'vitest'", 'which its package.json does not list for its users'],
  ['runtime-docker/src/a.ts', "import Docker from 'dockerode'", 'import() or import type'],
  ['runtime-docker/src/a.ts', "const x = await import('execa')", 'which only packages/runtime-apple/src/ may do'],
])('reports that %s contains %s', (path, text, reason) => {
  addFile(path, `\n${text}`)
  const [violation, ...others] = violations()
  expect(others).toEqual([])
  expect(violation).toMatchObject({ path: `packages/${path}`, line: 2 })
  expect(violation?.text).toContain(reason)
})

test('reports a second file that loads execa', () => {
  addFile('runtime-apple/src/a.ts', "import { execa } from 'execa'")
  addFile('runtime-apple/src/b.ts', "import { execa } from 'execa'")
  expect(violations()).toEqual([
    {
      path: 'packages/runtime-apple/src/b.ts',
      text: "imports 'execa', as does packages/runtime-apple/src/a.ts: only one file of the package may import it",
    },
  ])
})

test('reports a package without a role', () => {
  addPackage('unlisted', { dependencies: { '@capstan/core': '1' } })
  addFile('unlisted/src/a.ts', "import '@capstan/core'")
  expect(violations()[0]?.text).toContain('@capstan/unlisted has no role')
})

function violations() {
  return findBoundaryViolations(root)
}

function addPackage(name: string, manifest: object) {
  addFile(`${name}/package.json`, JSON.stringify({ name: `@capstan/${name}`, ...manifest }))
}

function addFile(path: string, text: string) {
  const file = join(root, 'packages', path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}
