import { fileURLToPath } from 'node:url'
import { memoryPlugin } from '@capstan/runtime-memory'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runConformance, runtimePluginSuite } from '../src/index.js'

// An integration test, because the other process uses the built packages.
const options = { plugin: memoryPlugin(), image: 'busybox:latest', only: ['PROC'] } as const

runtimePluginSuite(
  { describe, it, beforeAll, afterAll },
  { ...options, specifier: fileURLToPath(new URL('../../runtime-memory', import.meta.url)) },
)

it('PROC-001 and PROC-002 fail when a plugin keeps the process alive after close', async () => {
  const specifier = fileURLToPath(new URL('../../../test/fixtures/keep-alive-plugin.mjs', import.meta.url))
  const { cases } = await runConformance({ ...options, specifier })
  const failed = cases.filter(({ status }) => status === 'failed').map(({ id }) => id)
  expect(failed).toEqual(['PROC-001', 'PROC-002'])
})
