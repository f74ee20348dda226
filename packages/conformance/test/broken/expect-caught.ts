import { memoryPlugin } from '@capstan/runtime-memory'
import { expect } from 'vitest'
import { toGroup } from '../../src/conformance-case.js'
import { runConformance } from '../../src/index.js'
import { quickCases } from '../quick-cases.js'
import type { PlantedFault } from './planted-fault.js'

/** Runs the kit on the faulty plugin. Fails unless the expected case fails and no case of another group does. */
export async function expectCaught({ expected, plant }: PlantedFault): Promise<void> {
  const plugin = plant(memoryPlugin())
  const only = [...quickCases, expected]
  const { cases } = await runConformance({ plugin, image: 'busybox:latest', concurrency: 32, timeoutMs: 30_000, only })
  const failed = cases.filter(({ status }) => status === 'failed')
  expect(failed.map(({ id }) => id)).toContain(expected)
  const elsewhere = failed.filter(({ id }) => toGroup(id) !== toGroup(expected))
  expect(elsewhere).toEqual([])
}
