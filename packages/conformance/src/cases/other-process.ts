import { runtimeCapability } from '@capstan/core'
import { expect, expectEqual, toIds } from '../assert/expect.js'
import { eventually } from '../assert/wait.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { createContainer } from '../steps/containers.js'
import { type OtherProcess, startOtherProcess } from '../steps/other-process.js'

export const otherProcessCases: readonly ConformanceCase[] = defineCases(
  { capability: runtimeCapability, kitOptions: ['specifier'] },
  {
    'PROC-001': {
      title: 'the process exits by itself within seconds after close',
      run: async (context) => {
        const process = await startOtherProcess(context, 'lifecycle')
        await process.untilPrinted('closed')
        await expectExits(process)
      },
    },
    'PROC-002': {
      title: 'the process exits by itself after close when a followed log, a wait and a session were open',
      requiredOptions: ['interactive'],
      run: async (context) => {
        const process = await startOtherProcess(context, 'streams')
        await process.untilPrinted('closed')
        await expectExits(process)
      },
    },
    'PROC-003': {
      title: 'a process that only called discover exits by itself',
      run: async (context) => {
        const process = await startOtherProcess(context, 'discover')
        await process.untilPrinted('closed')
        await expectExits(process)
      },
    },
    'PROC-004': {
      title: 'sweep removes the resources of a killed process and keeps those of running owners',
      requiredOptions: ['labels'],
      run: async (context) => {
        const caseLabel = context.uniqueName('case')
        const labels = { 'conformance.case': caseLabel }
        const process = await startOtherProcess(context, 'createContainer', { caseLabel })
        await process.untilPrinted('created')
        const ownContainer = await createContainer(context, { labels })
        await process.kill()
        const sweeper = await context.open({ onlyLabelled: labels })
        const { failed } = await sweeper.sweep({ signal: context.signal })
        expectEqual(failed, [], 'the resources that could not be removed')
        const remaining = await context.runtime.listContainers({ labels })
        expectEqual(toIds(remaining), [ownContainer], 'the remaining resources')
      },
    },
  },
)

async function expectExits(process: OtherProcess): Promise<void> {
  // The process should exit within a second, but other cases keep the machine busy.
  const { code, stderr } = await eventually('the exit of the process', process.ended, { timeoutMs: 4000 })
  expect(code === 0, 'exit code 0', { code, stderr })
}
