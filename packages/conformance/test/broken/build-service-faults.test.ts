import { memoryPlugin } from '@capstan/runtime-memory'
import { describe, expect, test } from 'vitest'
import { runConformance } from '../../src/index.js'
import { addBuildService, buildServiceFaults } from './build-service-faults.js'
import { expectCaught } from './expect-caught.js'

test('a plugin with connections to BuildKit passes the cases of them', async () => {
  const plugin = addBuildService(memoryPlugin())
  const only = ['PRB', 'REG', 'BSV', 'ABT-043', 'ABT-044', 'CLS-017', 'CLS-018', 'CLS-019']
  const { cases } = await runConformance({ plugin, image: 'busybox:latest', only })
  expect(cases.filter(({ id }) => /BSV|043|044|017|018|019/.test(id)).map(({ status }) => status)).toEqual(
    Array(14).fill('passed'),
  )
  expect(cases.filter(({ status }) => status === 'failed')).toEqual([])
})

describe.concurrent('a plugin with a fault', () => {
  for (const plugin of buildServiceFaults) {
    test(`the kit finds the fault "${plugin.fault}" by ${plugin.failingCase}, and cases of other groups do not fail`, {
      timeout: 120_000,
    }, async () => {
      await expectCaught(plugin)
    })
  }
})
