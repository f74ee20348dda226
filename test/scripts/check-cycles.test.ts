import { expect, test } from 'vitest'
import { findCycles } from '../../scripts/check-cycles.mjs'

test('reports a cycle once with its path', () => {
  const files = [
    { path: 'p/a.ts', text: "import './b.js'" },
    { path: 'p/b.ts', text: "export * from './c/c.js'" },
    { path: 'p/c/c.ts', text: "import { a } from '../a.js'" },
    { path: 'p/d.ts', text: "import './a.js'" },
  ]
  expect(findCycles(files)).toEqual([{ path: 'p/a.ts', text: 'imports itself: p/a.ts → p/b.ts → p/c/c.ts → p/a.ts' }])
})

test('ignores type imports and dynamic imports', () => {
  const files = [
    { path: 'a.ts', text: "import './b.js'" },
    { path: 'b.ts', text: "import type { A } from './a.js'\nconst later = () => import('./a.js')" },
  ]
  expect(findCycles(files)).toEqual([])
})
