import { runtimeCapability } from '@capstan/core'
import { expect, expectEqual } from '../assert/expect.js'
import { pause, within } from '../assert/wait.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { expectAborts } from '../steps/abort.js'
import { createContainer, runToExit, startContainer, startReady } from '../steps/containers.js'

export const stopCases: readonly ConformanceCase[] = defineCases(runtimeCapability, {
  'STOP-001': {
    title: 'stopContainer resolves when the container has exited',
    run: async (context) => {
      const id = await startReady(context, { command: context.programs.exitOnSignal('TERM', 0) })
      await context.runtime.stopContainer(id, { signal: context.signal })
      expectEqual(await context.runtime.containerState(id), 'exited', 'the state')
    },
  },
  'STOP-002': {
    title: 'stopContainer sends the stop signal first, so the program exits with its own code',
    run: async (context) => {
      const id = await startReady(context, { command: context.programs.exitOnSignal('TERM', 3) })
      await context.runtime.stopContainer(id, { signal: context.signal })
      expectEqual(await context.runtime.waitContainer(id), 3, 'the exit code')
    },
  },
  'STOP-003': {
    title: 'stopContainer kills the program after graceMs, and not earlier',
    run: async (context) => {
      const id = await startReady(context, { command: context.programs.ignoreSigterm() })
      const start = performance.now()
      await within(8000, 'the end of stopContainer', context.runtime.stopContainer(id, { graceMs: 1000 }))
      const elapsed = performance.now() - start
      // The clock of a real engine differs slightly from the clock of this process.
      expect(elapsed > 900, 'at least graceMs', `${Math.round(elapsed)} ms`)
      expectEqual(await context.runtime.waitContainer(id), 137, 'the exit code')
    },
  },
  'STOP-004': {
    title: 'stopContainer with graceMs 0 kills the program at once',
    run: async (context) => {
      const id = await startReady(context, { command: context.programs.ignoreSigterm() })
      await within(5000, 'the end of stopContainer', context.runtime.stopContainer(id, { graceMs: 0 }))
      expectEqual(await context.runtime.containerState(id), 'exited', 'the state')
    },
  },
  'STOP-005': {
    title: 'stopContainer sends the stopSignal of the config',
    requiredOptions: ['stopSignal'],
    run: async (context) => {
      const config = { stopSignal: 'SIGINT', command: context.programs.exitOnSignal('INT', 5) }
      const id = await startReady(context, config)
      await context.runtime.stopContainer(id, { signal: context.signal })
      expectEqual(await context.runtime.waitContainer(id), 5, 'the exit code')
    },
  },
  'STOP-006': {
    title: 'stopContainer resolves for a created container, which stays created',
    run: async (context) => {
      const id = await createContainer(context, { command: context.programs.exit(0) })
      await context.runtime.stopContainer(id)
      expectEqual(await context.runtime.containerState(id), 'created', 'the state')
    },
  },
  'STOP-007': {
    title: 'stopContainer resolves for an exited container, which keeps its exit code',
    run: async (context) => {
      const { id } = await runToExit(context, { command: context.programs.exit(6) })
      await context.runtime.stopContainer(id)
      await context.runtime.stopContainer(id)
      expectEqual(await context.runtime.waitContainer(id), 6, 'the exit code')
    },
  },
  'STOP-008': {
    title: 'stopContainer resolves when the container was removed',
    run: async (context) => {
      const id = await createContainer(context, { command: context.programs.exit(0) })
      await context.runtime.removeContainer(id)
      await context.runtime.stopContainer(id)
    },
  },
  'STOP-009': {
    title: 'two concurrent calls of stopContainer both resolve',
    run: async (context) => {
      const id = await startReady(context, { command: context.programs.exitOnSignal('TERM', 0) })
      await Promise.all([context.runtime.stopContainer(id), context.runtime.stopContainer(id)])
      expectEqual(await context.runtime.containerState(id), 'exited', 'the state')
    },
  },
  'STOP-010': {
    title: 'a stopped container can be started again',
    run: async (context) => {
      const id = await startContainer(context, { command: context.programs.sleep(60) })
      await context.runtime.stopContainer(id, { graceMs: 0 })
      await context.runtime.startContainer(id)
      expectEqual(await context.runtime.containerState(id), 'running', 'the state')
    },
  },
  'STOP-011': {
    title: 'stopContainer without graceMs gives the program time to exit',
    run: async (context) => {
      const id = await startReady(context, { command: context.programs.ignoreSigterm() })
      const expectStillRuns = async () => {
        await pause(1500)
        const state = await context.runtime.containerState(id)
        expect(['running', 'stopping'].includes(state), 'a container that still runs after 1500 ms', state)
      }
      await expectAborts((options) => context.runtime.stopContainer(id, options), { until: expectStillRuns })
    },
  },
  'STOP-012': {
    title: 'stopContainer without graceMs kills the program after ten seconds, and not earlier',
    timeLimitFactor: 2,
    run: async (context) => {
      const id = await startReady(context, { command: context.programs.ignoreSigterm() })
      const start = performance.now()
      await within(20_000, 'the end of stopContainer', context.runtime.stopContainer(id))
      const elapsed = performance.now() - start
      // The clock of a real engine differs slightly from the clock of this process.
      expect(elapsed > 9900, 'at least ten seconds', `${Math.round(elapsed)} ms`)
      expectEqual(await context.runtime.waitContainer(id), 137, 'the exit code')
    },
  },
})
