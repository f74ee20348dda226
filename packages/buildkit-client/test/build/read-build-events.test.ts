import { create } from '@bufbuild/protobuf'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import { describe, expect, it } from 'vitest'
import { readBuildEvents } from '../../src/build/read-build-events.js'
import type { BuildKitClient } from '../../src/control/buildkit-client.js'
import { BuildHistoryEventSchema, type StatusResponse, StatusResponseSchema } from '../../src/generated/control_pb.js'

const at = (ms: number) => timestampFromMs(1_000_000 + ms)
const vertex = (digest: string, started: number, completed?: number) => ({
  digest,
  name: digest,
  started: at(started),
  ...(completed !== undefined && { completed: at(completed) }),
})
const log = (digest: string, time: number) => ({
  vertex: digest,
  stream: 1n,
  msg: Buffer.from('x'),
  timestamp: at(time),
})

/** Returns the events of one build as short texts. */
async function read(answers: readonly StatusResponse[], record: object | undefined): Promise<readonly string[]> {
  const client: Pick<BuildKitClient, 'status' | 'listenBuildHistory'> = {
    async *status() {
      yield* answers
    },
    async *listenBuildHistory({ Ref = '' }) {
      if (record !== undefined) yield create(BuildHistoryEventSchema, { record: { Ref, CreatedAt: at(0), ...record } })
    },
  }
  const texts: string[] = []
  for await (const event of readBuildEvents(client, 'ref')) {
    const text = event.type === 'step' ? `${event.id} ${event.state}` : event.type
    texts.push('at' in event ? `${text} ${event.at.getTime() - 1_000_000}` : text)
  }
  return texts
}

describe('the events of a recorded build', () => {
  it('are in the order of their times, although the daemon records steps before their output', async () => {
    const answers = [
      create(StatusResponseSchema, { vertexes: [vertex('a', 0, 5), vertex('b', 3, 9)] }),
      create(StatusResponseSchema, { logs: [log('b', 4), log('b', 9)] }),
      create(StatusResponseSchema, { logs: [log('a', 0), log('a', 5)], warnings: [{ short: Buffer.from('old') }] }),
    ]
    expect(await read(answers, { CompletedAt: at(9) })).toEqual([
      ...[
        'a started 0',
        'log 0',
        'b started 3',
        'log 4',
        'log 5',
        'a completed 5',
        'log 9',
        'b completed 9',
        'warning',
      ],
    ])
  })

  it('keep the order of two intervals of a step that follow each other in the same millisecond', async () => {
    const vertexes = [vertex('a', 0, 5), vertex('a', 5, 7)]
    // The second interval differs from the first by its start.
    expect(await read([create(StatusResponseSchema, { vertexes })], { CompletedAt: at(9) })).toEqual([
      ...['a started 0', 'a completed 5', 'a started 5', 'a completed 7'],
    ])
  })
})

describe('the events of a running build', () => {
  it('are in the order of the answers, and within each in the order of their times', async () => {
    const answers = [
      create(StatusResponseSchema, { vertexes: [vertex('a', 0, 5)], logs: [log('a', 4)] }),
      create(StatusResponseSchema, { vertexes: [vertex('b', 3)] }),
    ]
    expect(await read(answers, {})).toEqual(['a started 0', 'log 4', 'a completed 5', 'b started 3'])
  })
})

it('yields the events of a build that the daemon has not recorded', async () => {
  expect(await read([create(StatusResponseSchema, { vertexes: [vertex('a', 0)] })], undefined)).toEqual(['a started 0'])
})
