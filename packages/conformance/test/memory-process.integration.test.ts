import { fileURLToPath } from 'node:url'
import { memoryPlugin } from '@capstan/runtime-memory'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runConformance, runtimePluginSuite } from '../src/index.js'

// Not among the quick tests, because the other process needs the built packages.
const options = { plugin: memoryPlugin(), image: 'busybox:latest', only: ['PROC'] } as const

runtimePluginSuite(
  { describe, it, beforeAll, afterAll },
  { ...options, specifier: fileURLToPath(new URL('../../runtime-memory', import.meta.url)) },
)

it('a plugin that keeps the process from ending is caught', async () => {
  const specifier = fileURLToPath(new URL('../../../test/fixtures/restless-plugin.mjs', import.meta.url))
  const { cases } = await runConformance({ ...options, specifier })
  const failed = cases.filter(({ status }) => status === 'failed').map(({ id }) => id)
  expect(failed).toEqual(['PROC-001', 'PROC-002'])
})
