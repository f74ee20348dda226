import { memoryPlugin } from '@capstan/runtime-memory'
import { expect } from 'vitest'
import { toGroup } from '../../src/conformance-case.js'
import { runConformance } from '../../src/index.js'
import { quickCases } from '../quick-cases.js'
import type { FaultyPlugin } from './faulty-plugin.js'

/** Runs the kit on the faulty plugin. Fails unless the failing case fails and no case of another group does. */
export async function expectCaught({ failingCase, addFault }: FaultyPlugin): Promise<void> {
  const plugin = addFault(memoryPlugin())
  const only = [...quickCases, failingCase]
  const { cases } = await runConformance({ plugin, image: 'busybox:latest', concurrency: 32, timeoutMs: 30_000, only })
  const failed = cases.filter(({ status }) => status === 'failed')
  expect(failed.map(({ id }) => id)).toContain(failingCase)
  const elsewhere = failed.filter(({ id }) => toGroup(id) !== toGroup(failingCase))
  expect(elsewhere).toEqual([])
}
