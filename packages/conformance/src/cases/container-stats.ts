import { type ContainerSample, containerStatsCapability } from '@capstan/core'
import type { SampleStream } from '@capstan/core/plugin'
import { expect, expectDefined, expectEqual } from '../assert/expect.js'
import { expectHostError, expectReason } from '../assert/expect-rejection.js'
import { within } from '../assert/wait.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { createContainer, runToExit, startContainer } from '../steps/containers.js'

export const containerStatsCases: readonly ConformanceCase[] = defineCases(containerStatsCapability, {
  'STAT-001': {
    title: 'sample resolves with the CPU, memory and processes of a container, and its memory limit',
    requiredOptions: ['memoryBytes'],
    run: async (context) => {
      const memoryBytes = 256 * 1024 * 1024
      const id = await startContainer(context, { memoryBytes, command: context.programs.sleep(60) })
      const sample = await context.require(containerStatsCapability).sample(id, { signal: context.signal })
      const { at, memory, pids } = sample
      expect(at instanceof Date && !Number.isNaN(at.getTime()), 'a valid date', at)
      expectNumbers(sample)
      expectEqual(memory.limitBytes, memoryBytes, 'the memory limit')
      expect(memory.usedBytes > 0 && memory.usedBytes < memoryBytes, 'used memory below the limit', memory.usedBytes)
      expect(pids === undefined || pids >= 1, 'at least one process', pids)
    },
  },
  'STAT-002': {
    title: 'watch yields samples whose CPU share is the CPU time between them, and ends when the container stops',
    run: async (context) => {
      const { runtime, programs, signal } = context
      const id = await startContainer(context, { command: programs.sleep(60) })
      const samples: ContainerSample[] = []
      for await (const sample of watch(context, id)) {
        samples.push(sample)
        if (samples.length === 2) await runtime.stopContainer(id, { graceMs: 0, signal })
      }
      const first = expectDefined(samples[0], 'a first sample')
      const second = expectDefined(samples[1], 'a second sample')
      const elapsedMs = second.at.getTime() - first.at.getTime()
      expect(elapsedMs > 0, 'a second sample after the first', elapsedMs)
      const share = (second.cpu.usedNs - first.cpu.usedNs) / 1e6 / elapsedMs
      // The engine's times have more digits than a Date.
      expect(Math.abs(share - second.cpu.share) < 0.01, `a CPU share of about ${share}`, second.cpu.share)
      for (const sample of samples) expectNumbers(sample)
    },
  },
  'STAT-003': {
    title: 'watch ends when the container is removed',
    run: async (context) => {
      const { runtime, programs, signal } = context
      const id = await startContainer(context, { command: programs.sleep(60) })
      let count = 0
      for await (const _ of watch(context, id)) {
        count += 1
        await runtime.removeContainer(id, { signal })
      }
      expect(count > 0, 'a sample', count)
    },
  },
  'STAT-004': {
    title: 'sample and watch reject with NOT_RUNNING and the state when the container was not started or has exited',
    run: async (context) => {
      const { programs, signal } = context
      const command = programs.exit(0)
      const stats = context.require(containerStatsCapability)
      const containers = {
        created: await createContainer(context, { command }),
        exited: (await runToExit(context, { command })).id,
      }
      for (const [state, id] of Object.entries(containers)) {
        const facts = { id, state: state === 'created' ? 'created' : 'exited' } as const
        await expectHostError('NOT_RUNNING', () => stats.sample(id, { signal }), facts)
        await expectHostError('NOT_RUNNING', () => readAll(watch(context, id)), facts)
      }
    },
  },
  'STAT-005': {
    title:
      'sample and watch reject with CONTAINER_NOT_FOUND for an absent container, and INVALID_ARGUMENT for an invalid id',
    run: async (context) => {
      const stats = context.require(containerStatsCapability)
      const { signal } = context
      const id = context.uniqueName('absent')
      await expectHostError('CONTAINER_NOT_FOUND', () => stats.sample(id, { signal }), { id })
      await expectHostError('CONTAINER_NOT_FOUND', () => readAll(stats.watch(id, { signal })), { id })
      for (const invalid of ['', '--all', '../x']) {
        await expectHostError('INVALID_ARGUMENT', () => stats.sample(invalid), { field: 'id' })
        await expectHostError('INVALID_ARGUMENT', async () => await readAll(stats.watch(invalid)), { field: 'id' })
      }
    },
  },
  'STAT-006': {
    title:
      'sample and watch reject with the reason of an abort, and watch ends when it is disposed and rejects after close',
    run: async (context) => {
      const id = await startContainer(context, { command: context.programs.sleep(60) })
      const stats = context.require(containerStatsCapability)
      const controller = new AbortController()
      const reason = new Error('measured enough')
      const watched = expectReason(reason, () => readAll(stats.watch(id, { signal: controller.signal })))
      controller.abort(reason)
      await watched
      await expectReason(reason, () => stats.sample(id, { signal: controller.signal }))
      const disposed = watch(context, id)
      const reading = readAll(disposed)
      await disposed[Symbol.asyncDispose]()
      await within(5000, 'the end of the iteration after the disposal', reading)
      const other = await context.open()
      const closed = context.require(containerStatsCapability, other).watch(id)
      const rejected = expectHostError('RUNTIME_UNAVAILABLE', () => readAll(closed))
      await other.runtime.close()
      await rejected
    },
  },
})

/** Watches a container until the case ends. */
function watch(context: Parameters<ConformanceCase['run']>[0], id: string): SampleStream {
  return context.require(containerStatsCapability).watch(id, { signal: context.signal })
}

async function readAll(samples: AsyncIterable<ContainerSample>): Promise<readonly ContainerSample[]> {
  const all: ContainerSample[] = []
  for await (const sample of samples) all.push(sample)
  return all
}

/** Fails unless all values are finite and not negative, and all counters are integers. */
function expectNumbers({ cpu, memory, network, blocks, pids }: ContainerSample): void {
  const { limitBytes = 0 } = memory
  const counters = [cpu.usedNs, memory.usedBytes, limitBytes, pids ?? 0, ...Object.values({ ...network, ...blocks })]
  for (const value of counters) expect(Number.isSafeInteger(value) && value >= 0, 'an integer of at least 0', value)
  expect(Number.isFinite(cpu.share) && cpu.share >= 0, 'a CPU share of at least 0', cpu.share)
}
