import { createRuntimeHost } from '@capstan/core'
import { memoryPlugin } from '@capstan/runtime-memory'
import { expect, it } from 'vitest'
import { readColumn, toColumn } from './capability-matrix.js'

it('docs/capabilities.md has the claims of the memory probe', async () => {
  const [report] = await createRuntimeHost({ plugins: [memoryPlugin()], env: {} }).discover()
  expect(report && toColumn(report)).toEqual(readColumn('memory'))
})
