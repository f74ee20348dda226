import { describe, expect, test } from 'vitest'
import { DockerContainerStats } from '../../../src/docker-container-stats.js'
import type { DockerDetails } from '../../../src/engine/docker-details.js'
import { startFakeEngine } from '../../fake/fake-docker-engine.js'

describe('sample', () => {
  test('converts an answer for cgroup version 1', async () => {
    const { stats, answer } = await startStats()
    answer({
      ...measured(2, 500),
      preread: time(1),
      precpu_stats: cpu(200),
      memory_stats: { usage: 1000, limit: 4096, stats: { total_inactive_file: 300, inactive_file: 1 } },
      networks: { eth0: { rx_bytes: 1, tx_bytes: 2 }, eth1: { rx_bytes: 10, tx_bytes: 20 } },
      blkio_stats: {
        io_service_bytes_recursive: [
          { op: 'Read', value: 5 },
          { op: 'Write', value: 6 },
          { op: 'Total', value: 11 },
          { op: 'Read', value: 7 },
        ],
      },
      pids_stats: { current: 3 },
    })
    expect(await stats.sample('c1')).toEqual({
      at: new Date(time(2)),
      cpu: { usedNs: 500_000_000, share: 0.3 },
      memory: { usedBytes: 700, limitBytes: 4096 },
      network: { receivedBytes: 11, sentBytes: 22 },
      blocks: { readBytes: 12, writtenBytes: 6 },
      pids: 3,
    })
  })

  test('converts an answer for cgroup version 2, and one without values', async () => {
    const { stats, answer } = await startStats()
    answer({
      ...measured(2, 3000),
      preread: time(1),
      precpu_stats: cpu(1500),
      memory_stats: { usage: 1000, stats: { inactive_file: 400 } },
      blkio_stats: { io_service_bytes_recursive: [{ op: 'read', value: 5 }] },
    })
    expect(await stats.sample('c1')).toMatchObject({
      cpu: { share: 1.5 },
      memory: { usedBytes: 600, limitBytes: undefined },
      network: undefined,
      blocks: { readBytes: 5, writtenBytes: 0 },
      pids: undefined,
    })
    answer({ ...measured(2, 1), preread: time(1), blkio_stats: { io_service_bytes_recursive: null } })
    expect(await stats.sample('c1')).toMatchObject({ memory: { usedBytes: 0 }, blocks: undefined })
  })

  test('asks twice where the answer has no earlier measurement', async () => {
    const { stats, answer, countRequests } = await startStats()
    answer({ ...measured(1, 100), preread: never }, { ...measured(2, 350), preread: never })
    expect((await stats.sample('c1')).cpu).toEqual({ usedNs: 350_000_000, share: 0.25 })
    expect(countRequests()).toBe(2)
  })

  test('exchanges the counters of an engine with the quirk countsHostSide', async () => {
    const networks = { network: { rx_bytes: 1, tx_bytes: 2 } }
    for (const countsHostSide of [true, false]) {
      const { stats, answer } = await startStats({ quirks: { countsHostSide } })
      answer({ ...measured(2, 1), preread: time(1), networks })
      const [receivedBytes, sentBytes] = countsHostSide ? [2, 1] : [1, 2]
      expect((await stats.sample('c1')).network).toEqual({ receivedBytes, sentBytes })
    }
  })

  test.each([
    ['with the year 1', { read: never, preread: never }],
    ['with no body', undefined],
    ['with an error in a successful answer', { cause: 'container is stopped', response: 500 }],
  ])('rejects with NOT_RUNNING and the state for an answer %s', async (_, body) => {
    const { stats, answer } = await startStats()
    answer(body)
    await expect(stats.sample('c1')).rejects.toMatchObject({
      code: 'NOT_RUNNING',
      facts: { id: 'c1', state: 'exited' },
    })
  })
})

describe('watch', () => {
  test('yields the samples of a stream from the second on, and ends when the container does not run', async () => {
    const { stats, answer, countRequests } = await startStats()
    answer(
      { ...measured(1, 100), preread: never },
      { ...measured(2, 200), preread: time(1), precpu_stats: cpu(100) },
      { read: never },
    )
    expect(await readShares(stats.watch('c1'))).toEqual([0.1])
    expect(countRequests()).toBe(1)
  })

  test('rejects with NOT_RUNNING when the container does not run at first', async () => {
    const { stats, answer } = await startStats()
    answer({ read: never })
    await expect(readShares(stats.watch('c1'))).rejects.toMatchObject({
      code: 'NOT_RUNNING',
      facts: { state: 'exited' },
    })
  })

  test('rejects with CONNECTION_LOST when the answer ends while the container runs', async () => {
    const { fake, stats, answer } = await startStats()
    fake.override('GET /containers/c1/json', (reply) =>
      reply.json(200, { Id: 'c1', State: { Status: 'running', Running: true } }),
    )
    answer(measured(1, 100))
    await expect(readShares(stats.watch('c1'))).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
  })

  test('polls an engine with the quirk streamsStatsSlowly, and ends when the container does not run', async () => {
    const { stats, answer, countRequests } = await startStats({ quirks: { streamsStatsSlowly: true } })
    answer(measured(1, 100), measured(2, 150), undefined)
    expect(await readShares(stats.watch('c1'))).toEqual([0.05])
    expect(countRequests()).toBe(3)
  })
})

/** Starts an engine that answers single requests one after the other, and streams all answers. */
async function startStats(changes: Partial<DockerDetails> = {}) {
  const { fake, engine } = await startFakeEngine(changes)
  let answers: readonly unknown[] = []
  let count = 0
  fake.override('GET /containers/c1/json', (reply) => reply.json(200, { Id: 'c1', State: { Status: 'exited' } }))
  fake.override('GET /containers/c1/stats', (reply, request) => {
    if (request.query.get('stream') !== 'false') {
      count += 1
      const response = reply.open()
      for (const answer of answers) response.write(`${JSON.stringify(answer)}\n`)
      return void response.end()
    }
    const answer = answers[Math.min(count, answers.length - 1)]
    count += 1
    return answer === undefined ? reply.raw(200, '') : reply.json(200, answer)
  })
  const answer = (...all: readonly unknown[]) => {
    answers = all
    count = 0
  }
  return { fake, stats: new DockerContainerStats(engine), answer, countRequests: () => count }
}

async function readShares(samples: AsyncIterable<{ readonly cpu: { readonly share: number } }>) {
  const shares: number[] = []
  for await (const { cpu: used } of samples) shares.push(used.share)
  return shares
}

function measured(second: number, usedMs: number) {
  return { read: time(second), cpu_stats: cpu(usedMs) }
}

function cpu(usedMs: number) {
  return { cpu_usage: { total_usage: usedMs * 1_000_000 } }
}

function time(second: number): string {
  return `2026-01-01T00:00:0${second}.000000000Z`
}

const never = '0001-01-01T00:00:00Z'
