import { runtimeCapability } from '@capstan/core'
import { expect, expectEqual } from '../assert/expect.js'
import { expectHostError, expectUnknownExitCode } from '../assert/expect-rejection.js'
import { pause, within } from '../assert/wait.js'
import { type CaseDefinition, type ConformanceCase, defineCases } from '../conformance-case.js'
import { createContainer, runToExit, startContainer, startReady, untilState } from '../steps/containers.js'
import { inBackground } from '../steps/in-background.js'

export const exitCodeCases: readonly ConformanceCase[] = defineCases(runtimeCapability, {
  'EXIT-001': givesCode(0),
  'EXIT-002': givesCode(7),
  'EXIT-003': givesCode(255),
  'EXIT-004': {
    title: 'waitContainer of a created container waits for its start and then for its exit',
    run: async (context) => {
      const id = await createContainer(context, { command: context.programs.exit(9) })
      const waiting = inBackground(context.runtime.waitContainer(id, { signal: context.signal }))
      await pause(200)
      expectEqual(waiting.isSettled(), false, 'whether the wait was over before the start')
      await context.runtime.startContainer(id)
      expectEqual(await waiting.result, 9, 'the exit code')
    },
  },
  'EXIT-005': {
    title: 'waitContainer waits while the program runs',
    run: async (context) => {
      // The program exits on a signal, so a busy machine cannot miss the time at which it runs.
      const id = await startReady(context, { command: context.programs.exitOnSignal('TERM', 4) })
      const waiting = inBackground(context.runtime.waitContainer(id, { signal: context.signal }))
      await pause(200)
      expectEqual(waiting.isSettled(), false, 'whether the wait was over while the program ran')
      await context.runtime.stopContainer(id, { signal: context.signal })
      expectEqual(await waiting.result, 4, 'the exit code')
    },
  },
  'EXIT-006': {
    title: 'waitContainer resolves at once with the exit code of an exited container, each time',
    run: async (context) => {
      const { id } = await runToExit(context, { command: context.programs.exit(11) })
      const again = [context.runtime.waitContainer(id), context.runtime.waitContainer(id)]
      expectEqual(await within(5000, 'the codes', Promise.all(again)), [11, 11], 'the exit codes')
    },
  },
  'EXIT-007': {
    title: 'two concurrent calls of waitContainer resolve with the same exit code',
    run: async (context) => {
      const id = await createContainer(context, { command: context.programs.exit(12) })
      const waiting = inBackground(Promise.all([context.runtime.waitContainer(id), context.runtime.waitContainer(id)]))
      await context.runtime.startContainer(id)
      expectEqual(await waiting.result, [12, 12], 'the exit codes')
    },
  },
  'EXIT-008': {
    title: 'waitContainer resolves with 137 when the program was killed',
    run: async (context) => {
      const id = await startContainer(context, { command: context.programs.sleep(60) })
      const waiting = inBackground(context.runtime.waitContainer(id, { signal: context.signal }))
      await context.runtime.stopContainer(id, { graceMs: 0 })
      expectEqual(await waiting.result, 137, 'the exit code')
    },
  },
  'EXIT-009': {
    title: 'waitContainer resolves with the exit code of the second run after a restart',
    run: async (context) => {
      const id = await startContainer(context, { command: context.programs.sleep(1) })
      await context.runtime.stopContainer(id, { graceMs: 0 })
      await untilState(context, id, 'exited')
      await context.runtime.startContainer(id)
      expectEqual(await context.runtime.waitContainer(id, { signal: context.signal }), 0, 'the exit code')
    },
  },
  'EXIT-010': {
    title:
      'waitContainer settles with the exit code or EXIT_CODE_UNKNOWN, never with 0, when the running container is removed',
    run: async (context) => {
      const id = await startContainer(context, { command: context.programs.sleep(60) })
      const waiting = inBackground(context.runtime.waitContainer(id, { signal: context.signal }))
      await pause(100)
      await context.runtime.removeContainer(id)
      const ended = within(15_000, 'the end of the wait', waiting.result)
      const exitCode = await ended.catch(expectUnknownExitCode)
      expect(exitCode === 137 || exitCode === undefined, 'the exit code 137, or EXIT_CODE_UNKNOWN', exitCode)
    },
  },
  'EXIT-011': {
    title: 'waitContainer rejects with EXIT_CODE_UNKNOWN when the container is removed before its start',
    run: async (context) => {
      const id = await createContainer(context, { command: context.programs.exit(0) })
      const waiting = inBackground(context.runtime.waitContainer(id, { signal: context.signal }))
      await pause(200)
      await context.runtime.removeContainer(id)
      const ended = within(15_000, 'the end of the wait', waiting.result)
      await expectHostError('EXIT_CODE_UNKNOWN', () => ended)
    },
  },
  'EXIT-012': {
    title: 'waitContainer rejects with CONTAINER_NOT_FOUND after the container was removed',
    run: async (context) => {
      const { id } = await runToExit(context, { command: context.programs.exit(0) })
      await context.runtime.removeContainer(id)
      await expectHostError('CONTAINER_NOT_FOUND', () => context.runtime.waitContainer(id), { id })
    },
  },
  'EXIT-013': {
    title: 'waitContainer resolves with the exit code of a container with autoRemove',
    requiredOptions: ['autoRemove'],
    run: async (context) => {
      const id = await createContainer(context, { autoRemove: true, command: context.programs.exit(13) })
      const waiting = inBackground(context.runtime.waitContainer(id, { signal: context.signal }))
      await pause(100)
      await context.runtime.startContainer(id)
      expectEqual(await waiting.result, 13, 'the exit code')
    },
  },
  'EXIT-014': {
    title: 'waitContainer resolves with the exit code of a container that another open runtime started',
    requiredOptions: ['foreignContainers.exitCode'],
    run: async (context) => {
      const { runtime: other } = await context.open()
      const id = await startContainer(context, { command: context.programs.exit(14) })
      expectEqual(await other.waitContainer(id, { signal: context.signal }), 14, 'the exit code')
    },
  },
})

function givesCode(code: number): CaseDefinition {
  return {
    title: `waitContainer resolves with ${code} when the program exits with ${code}`,
    run: async (context) => {
      const { exitCode } = await runToExit(context, { command: context.programs.exit(code) })
      expectEqual(exitCode, code, 'the exit code')
    },
  }
}
