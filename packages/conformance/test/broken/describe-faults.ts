import type { RuntimePlugin } from '@capstan/core'
import { memoryPlugin } from '@capstan/runtime-memory'
import { describe, expect, test } from 'vitest'
import { toGroup } from '../../src/conformance-case.js'
import { runConformance } from '../../src/index.js'
import { quickCases } from '../quick-cases.js'
import type { FaultyPlugin } from './faulty-plugin.js'

/**
 * Declares tests that each add faults to a correct plugin: the kit must find each fault by its case, and cases of other groups
 * must not fail. A plugin gets several faults of different groups, because the whole kit runs once for each plugin. `atOnce` is
 * their largest number.
 */
export function describeFaults(
  faults: readonly FaultyPlugin[],
  { atOnce = 6, createPlugin = () => memoryPlugin(), cases = quickCases }: FaultOptions = {},
): void {
  describe.concurrent('the kit finds the faults of a plugin, and fails no case of another group', () => {
    for (const given of toPlugins(faults, atOnce)) {
      const title = given.map(({ fault, failingCase }) => `"${fault}" (${failingCase})`).join(', ')
      test(title, { timeout: 180_000 }, async () => {
        const expected = given.map(({ failingCase }) => failingCase)
        const groups = expected.map(toGroup)
        const dependent = expected.flatMap((id) => dependentCases[id] ?? [])
        const failed = await runKit(given, { createPlugin, cases })
        expect(failed).toEqual(expect.arrayContaining(expected))
        expect(failed.filter((id) => !groups.includes(toGroup(id)) && !dependent.includes(id))).toEqual([])
      })
    }
  })
}

/** Options of `describeFaults`. */
interface FaultOptions {
  readonly atOnce?: number
  /** Creates the correct plugin. Default: a simulation without a cluster. */
  readonly createPlugin?: () => RuntimePlugin
  /** The cases that run besides the failing ones. Default: {@link quickCases}. */
  readonly cases?: readonly string[]
}

/** Returns the ids of the cases that fail when the correct plugin gets these faults. */
async function runKit(
  faults: readonly FaultyPlugin[],
  { createPlugin, cases: others }: Required<Pick<FaultOptions, 'createPlugin' | 'cases'>>,
): Promise<readonly string[]> {
  const plugin = faults.reduce((changed, { addFault }) => addFault(changed), createPlugin())
  const only = [...new Set([...others, ...faults.map(({ failingCase }) => failingCase)])]
  const { cases } = await runConformance({ plugin, image: 'busybox:latest', concurrency: 32, timeoutMs: 60_000, only })
  return cases.flatMap(({ id, status }) => (status === 'failed' ? [id] : []))
}

/** Distributes faults to plugins. The faults of a plugin are of different groups. */
function toPlugins(faults: readonly FaultyPlugin[], atOnce: number): readonly (readonly FaultyPlugin[])[] {
  const plugins: FaultyPlugin[][] = []
  for (const fault of faults) {
    const hasGroup = ({ failingCase }: FaultyPlugin) => toGroup(failingCase) === toGroup(fault.failingCase)
    const plugin = plugins.find((given) => given.length < atOnce && !given.some(hasGroup))
    if (plugin === undefined) plugins.push([fault])
    else plugin.push(fault)
  }
  return plugins
}

/** Cases of other groups that need what a case requires, and fail with it. */
const dependentCases: Readonly<Record<string, readonly string[]>> = {
  'ADDR-002': ['NET-029'],
  'ATT-019': ['CTL-009'],
  'CLS-001': ['EVT-008', 'FILE-015', 'IMGR-014', 'STAT-006'],
  'FW-001': ['NET-030', 'NET-031'],
  'INSP-004': ['CTL-008'],
  'LIM-001': ['STAT-001'],
  'MNT-003': ['FILE-017'],
  'NET-022': ['CMP-010'],
  'RT-013': ['VOL-011'],
  'STOP-007': ['RST-003'],
}
