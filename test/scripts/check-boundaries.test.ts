import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findBoundaryOffences } from '../../scripts/check-boundaries.mjs'

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
  add('core/src/injection/di.ts', "import { container } from 'tsyringe'")
  add('core/src/other.ts', "import { readFile } from 'node:fs/promises'\nexport * from './injection/di.js'")
  add('runtime-docker/src/a.ts', "import type Docker from 'dockerode'\nconst late = () => import('dockerode')")
  add('runtime-docker/src/b.ts', "import { x } from '@capstan/core'")
  add('runtime-apple/src/apple-cli.ts', "import { execa } from 'execa'")
  add('cli/src/a.ts', "import { dockerPlugin } from '@capstan/runtime-docker'")
  add(
    'cli/test/a.test.ts',
    "import { test } from 'vitest'\nimport { x } from '../../../test/support/x.js'\nimport '../src/a.js'",
  )
  expect(offences()).toEqual([])
})

test.each([
  ['core/src/a.ts', "import '@capstan/cli'", 'which its package.json does not list'],
  ['core/src/a.ts', "import 'fs'", 'a module of Node without its prefix node:'],
  ['core/src/a.ts', "import { x } from 'tsyringe'", 'which only packages/core/src/injection/di.ts may do'],
  ['core/src/a.ts', "import '../../cli/src/a.js'", 'which is outside of packages/core/src'],
  ['core/src/a.ts', "import '../test/a.js'", 'which is outside of packages/core/src'],
  ['core/test/a.test.ts', "import '../../cli/src/a.js'", 'which is outside of packages/core'],
  ['core/src/a.ts', "import '@capstan/core'", 'which is its own package: name the file'],
  ['feature-buildkit/src/a.ts', "import '@capstan/runtime-docker'", 'must not know'],
  ['feature-buildkit/src/a.ts', "export * from '@capstan/core/src/index.js'", 'which goes past its exports'],
  ['cli/src/a.ts', "import 'vitest'", 'which its package.json does not list for its users'],
  ['runtime-docker/src/a.ts', "import Docker from 'dockerode'", 'import() or import type'],
  ['runtime-docker/src/a.ts', "const x = await import('execa')", 'which only packages/runtime-apple/src/ may do'],
])('reports that %s contains %s', (path, text, reason) => {
  add(path, `\n${text}`)
  const [offence, ...others] = offences()
  expect(others).toEqual([])
  expect(offence).toMatchObject({ path: `packages/${path}`, line: 2 })
  expect(offence?.text).toContain(reason)
})

test('reports a second file that loads execa', () => {
  add('runtime-apple/src/a.ts', "import { execa } from 'execa'")
  add('runtime-apple/src/b.ts', "import { execa } from 'execa'")
  expect(offences()).toEqual([
    {
      path: 'packages/runtime-apple/src/b.ts',
      text: "imports 'execa', as does packages/runtime-apple/src/a.ts: one file of the package is its door",
    },
  ])
})

test('reports a package that the architecture does not list', () => {
  addPackage('surprise', { dependencies: { '@capstan/core': '1' } })
  add('surprise/src/a.ts', "import '@capstan/core'")
  expect(offences()[0]?.text).toContain('@capstan/surprise has no place in the architecture')
})

function offences() {
  return findBoundaryOffences(root)
}

function addPackage(name: string, manifest: object) {
  add(`${name}/package.json`, JSON.stringify({ name: `@capstan/${name}`, ...manifest }))
}

function add(path: string, text: string) {
  const file = join(root, 'packages', path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}
