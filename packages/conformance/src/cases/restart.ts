import { runtimeCapability } from '@capstan/core'
import { expect, expectEqual } from '../assert/expect.js'
import { expectHostError } from '../assert/expect-rejection.js'
import { eventually } from '../assert/wait.js'
import type { CaseContext } from '../case-context.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { createContainer, findListed, runAttached, startContainer, untilState } from '../steps/containers.js'
import { readLogs, readLogText, toLogText } from '../steps/logs.js'

export const restartCases: readonly ConformanceCase[] = defineCases(
  { capability: runtimeCapability, requiredOptions: ['restartPolicy'] },
  {
    'RST-001': {
      title:
        'the policy "on-failure" restarts a failed container maxRetries times, and waitContainer resolves at an exit',
      run: async (context) => {
        const restartPolicy = { name: 'on-failure', maxRetries: 2 } as const
        const command = context.programs.printBoth('ran', '', 3)
        const id = await startContainer(context, { restartPolicy, command })
        expectEqual(await context.runtime.waitContainer(id, { signal: context.signal }), 3, 'the exit code')
        // Between two runs the state is "exited", too.
        await eventually('three runs', async () => (await countRuns(context, id)) === 3 || undefined)
        await untilState(context, id, 'exited')
        const { state, restartPolicy: seen } = await eventually('the exit code', async () => {
          const inspection = await context.runtime.inspectContainer(id)
          return inspection.state.exitCode === undefined ? undefined : inspection
        })
        expectEqual([state.exitCode, state.restartCount, seen], [3, 2, restartPolicy], 'the inspection')
        expectEqual(await countRuns(context, id), 3, 'the number of runs in the log')
      },
    },
    'RST-002': {
      title: 'the policy "on-failure" does not restart a container that exits with 0',
      run: async (context) => {
        const id = await startContainer(context, {
          restartPolicy: { name: 'on-failure' },
          command: context.programs.exit(0),
        })
        expectEqual(await context.runtime.waitContainer(id, { signal: context.signal }), 0, 'the exit code')
        await untilState(context, id, 'exited')
        expectEqual(await countRestarts(context, id), 0, 'the number of restarts')
      },
    },
    'RST-003': {
      title: 'the policy "always" restarts after an exit with 0, and not after stopContainer',
      run: async (context) => {
        const id = await startRestarting(context)
        await context.runtime.stopContainer(id, { graceMs: 0 })
        await untilState(context, id, 'exited')
        const runs = (await readLogText(context, id)).length
        await context.runtime.stopContainer(id)
        expectEqual(await context.runtime.containerState(id), 'exited', 'the state')
        expectEqual((await readLogText(context, id)).length, runs, 'the length of the log')
      },
    },
    'RST-004': {
      title: 'removeContainer removes a container that restarts',
      run: async (context) => {
        const id = await startRestarting(context)
        await context.runtime.removeContainer(id)
        expectEqual(await findListed(context, id), undefined, 'the container in the list')
      },
    },
    'RST-005': {
      title: 'startAttached resolves with the exit code and the output of the first run',
      run: async (context) => {
        const { stdout, exitCode } = await runAttached(context, {
          restartPolicy: { name: 'always' },
          command: context.programs.printBoth('ran', '', 4),
        })
        expectEqual([stdout, exitCode], ['ran\n', 4], 'the output and the exit code')
      },
    },
    'RST-006': {
      title: 'a followed log ends at the next exit',
      run: async (context) => {
        const id = await startContainer(context, {
          restartPolicy: { name: 'always' },
          command: context.programs.printTwice('first', 'second'),
        })
        const { signal } = context
        const chunks = await readLogs(await context.runtime.containerLogs(id, { follow: true, signal }))
        expect(toLogText(chunks).startsWith('first\nsecond\n'), 'the output of the first run', toLogText(chunks))
      },
    },
    'RST-007': {
      title: 'a restart policy with autoRemove, or maxRetries with "always", rejects with INVALID_ARGUMENT',
      run: async (context) => {
        const always = { name: 'always' } as const
        const withRemove = () => createContainer(context, { autoRemove: true, restartPolicy: always })
        await expectHostError('INVALID_ARGUMENT', withRemove, { field: 'restartPolicy' })
        const withRetries = () => createContainer(context, { restartPolicy: { ...always, maxRetries: 1 } })
        await expectHostError('INVALID_ARGUMENT', withRetries, { field: 'restartPolicy.maxRetries' })
      },
    },
  },
)

/**
 * Starts a container that exits with 0 again and again, and waits for its first restart. It runs for a moment, because Podman does not
 * stop a container between two runs.
 */
async function startRestarting(context: CaseContext): Promise<string> {
  const restartPolicy = { name: 'always' } as const
  const id = await startContainer(context, { restartPolicy, command: context.programs.printTwice('ran', 'end', 0.5) })
  await eventually('a restart', async () => ((await countRestarts(context, id)) > 0 ? true : undefined))
  return id
}

/** Counts the runs that have written their line to the log. */
async function countRuns(context: CaseContext, id: string): Promise<number> {
  return [...(await readLogText(context, id)).matchAll(/ran/g)].length
}

async function countRestarts({ runtime, signal }: CaseContext, id: string): Promise<number> {
  return (await runtime.inspectContainer(id, { signal })).state.restartCount ?? 0
}
