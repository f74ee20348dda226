import { runtimeCapability } from '@capstan/core'
import { expect, expectEqual } from '../assert/expect.js'
import { eventually } from '../assert/wait.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { createContainer } from '../steps/containers.js'
import { startOwner } from '../steps/other-process.js'

export const processCases: readonly ConformanceCase[] = defineCases(
  { capability: runtimeCapability, kitOptions: ['specifier'] },
  {
    'PROC-001': {
      title: 'the process exits by itself within seconds after close',
      run: async (context) => {
        const owner = await startOwner(context, 'lifecycle')
        await owner.untilPrinted('closed')
        await expectEndsItself(owner)
      },
    },
    'PROC-002': {
      title: 'the process exits by itself after close when a followed log, a wait and a session were open',
      requiredOptions: ['interactive'],
      run: async (context) => {
        const owner = await startOwner(context, 'streams')
        await owner.untilPrinted('closed')
        await expectEndsItself(owner)
      },
    },
    'PROC-003': {
      title: 'a process that only called discover exits by itself',
      run: async (context) => {
        const owner = await startOwner(context, 'discover')
        await owner.untilPrinted('closed')
        await expectEndsItself(owner)
      },
    },
    'PROC-004': {
      title: 'sweep removes the resources of a killed process and keeps those of living owners',
      requiredOptions: ['labels'],
      run: async (context) => {
        const mark = context.uniqueName('mark')
        const labels = { 'conformance.mark': mark }
        const owner = await startOwner(context, 'leave', { mark })
        await owner.untilPrinted('left')
        const alive = await createContainer(context, { labels })
        await owner.kill()
        const sweeper = await context.open({ onlyLabelled: labels })
        const { failed } = await sweeper.sweep({ signal: context.signal })
        expectEqual(failed, [], 'the resources that could not be removed')
        const left = await context.runtime.listContainers({ labels })
        expectEqual(
          left.map(({ id }) => id),
          [alive],
          'the remaining resources',
        )
      },
    },
  },
)

async function expectEndsItself(owner: Awaited<ReturnType<typeof startOwner>>): Promise<void> {
  // The process should exit within a second, but other cases keep the machine busy.
  const ending = eventually('the end of the process', () => owner.ended(), { timeoutMs: 4000 })
  const { code, stderr } = await ending
  expect(code === 0, 'exit code 0', { code, stderr })
}
