import { memoryPlugin } from '@capstan/runtime-memory'
import { expect } from 'vitest'
import { toGroup } from '../../src/conformance-case.js'
import { conformanceCases, runConformance } from '../../src/index.js'
import type { PlantedFault } from './planted-fault.js'

/** Runs the kit on the broken plugin: the expected case fails, and none of another group. */
export async function expectCaught({ expected, plant }: PlantedFault): Promise<void> {
  const plugin = plant(memoryPlugin())
  const only = conformanceCases().flatMap(({ id }) => (isTried(id, expected) ? [id] : []))
  const { cases } = await runConformance({ plugin, image: 'busybox:latest', concurrency: 32, only })
  const failed = cases.filter(({ status }) => status === 'failed')
  expect(failed.map(({ id }) => id)).toContain(expected)
  const elsewhere = failed.filter(({ id }) => toGroup(id) !== toGroup(expected))
  expect(elsewhere).toEqual([])
}

/** All but the case that waits ten seconds for nothing to happen: that one only beside its own group's faults. */
function isTried(id: string, expected: string): boolean {
  return id !== 'STOP-012' || toGroup(expected) === 'STOP'
}
