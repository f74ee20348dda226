import type { ContainerSample, EventOptions, RuntimeEvent } from '@capstan/core'
import { createHostError, type EventSubscription } from '@capstan/core/plugin'
import { withParts } from '../../src/plugin/map-provided.js'
import { breakPlugin } from './break-plugin.js'
import type { FaultyPlugin } from './faulty-plugin.js'

/** Faults of the container statistics and of the events. */
export const observationFaults: readonly FaultyPlugin[] = [
  {
    fault: 'sample resolves with zeros when the container does not run',
    failingCase: 'STAT-004',
    addFault: (correct) =>
      breakPlugin(correct, {
        stats: (stats) => ({
          sample: (id, options) =>
            stats.sample(id, options).catch((error: unknown) => {
              if (error instanceof Error && 'code' in error && error.code === 'NOT_RUNNING') return nothing
              throw error
            }),
        }),
      }),
  },
  {
    fault: 'the CPU share of watch is a percentage',
    failingCase: 'STAT-002',
    addFault: (correct) =>
      breakPlugin(correct, {
        stats: (stats) => ({
          watch: (id, options) =>
            mapStream(stats.watch(id, options), ({ cpu, ...sample }) => ({
              ...sample,
              cpu: { ...cpu, share: cpu.share * 100 },
            })),
        }),
      }),
  },
  {
    fault: 'watch rejects when the container is removed',
    failingCase: 'STAT-003',
    addFault: (correct) =>
      breakPlugin(correct, {
        stats: (stats) => ({
          watch: (id, options) =>
            mapStream(
              stats.watch(id, options),
              (sample) => sample,
              () => {
                throw createHostError('CONTAINER_NOT_FOUND', { id })
              },
            ),
        }),
      }),
  },
  {
    fault: 'a subscription to events begins at the first read',
    failingCase: 'EVT-001',
    addFault: (correct) =>
      breakPlugin(correct, {
        events: (events) => ({
          events: async (options: EventOptions = {}) => {
            const probe = await events.events(options) // validates the options
            if (options.since !== undefined) return probe
            await probe[Symbol.asyncDispose]()
            let opened: EventSubscription | undefined
            async function* read() {
              opened = await events.events(options)
              yield* opened
            }
            const iterator = read()
            return {
              [Symbol.asyncIterator]: () => iterator,
              [Symbol.asyncDispose]: async () => {
                await opened?.[Symbol.asyncDispose]()
                await iterator.return(undefined)
              },
            }
          },
        }),
      }),
  },
  {
    fault: 'events ignores labels',
    failingCase: 'EVT-004',
    addFault: (correct) =>
      breakPlugin(correct, {
        events: (events) => ({
          events: async (options: EventOptions = {}) => {
            const { labels, ...others } = options
            const probe = await events.events(options)
            if (labels === undefined) return probe
            await probe[Symbol.asyncDispose]()
            return await events.events(others)
          },
        }),
      }),
  },
  {
    fault: 'events ignores since',
    failingCase: 'EVT-003',
    addFault: (correct) =>
      breakPlugin(correct, {
        events: (events) => ({
          events: async (options: EventOptions = {}) => {
            const probe = await events.events(options)
            if (options.since === undefined) return probe
            await probe[Symbol.asyncDispose]()
            const { since: _since, ...others } = options
            return await events.events(others)
          },
        }),
      }),
  },
  {
    fault: 'exited events have no exit code',
    failingCase: 'EVT-001',
    addFault: (correct) =>
      breakPlugin(correct, {
        events: (events) => ({
          events: async (options) =>
            mapStream(await events.events(options), (event: RuntimeEvent) =>
              event.action === 'exited' ? { ...event, exitCode: undefined } : event,
            ),
        }),
      }),
  },
]

/** Replaces the values of a stream. `onEnd` is called at its end. */
function mapStream<T>(
  stream: AsyncIterable<T> & AsyncDisposable,
  replace: (value: T) => T,
  onEnd: () => void = () => {},
): AsyncIterable<T> & AsyncDisposable {
  async function* read(): AsyncGenerator<T, void> {
    for await (const value of stream) yield replace(value)
    onEnd()
  }
  const values = read()
  return withParts(stream, { [Symbol.asyncIterator]: () => values })
}

const nothing: ContainerSample = {
  at: new Date(0),
  cpu: { usedNs: 0, share: 0 },
  memory: { usedBytes: 0, limitBytes: undefined },
  network: undefined,
  blocks: undefined,
  pids: undefined,
}
