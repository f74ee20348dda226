import { expect, test } from 'vitest'
import { watchLiveness } from '../../../src/engine/streams/liveness.js'
import { startFakeEngine } from '../../fake/fake-docker-engine.js'

const call = { operation: 'attach', subject: 'c' }

test('reports CONNECTION_LOST once when the engine hangs during a silent stream', async () => {
  const { fake, engine } = await startFakeEngine({}, { livenessIntervalMs: 5, livenessAnswerMs: 20 })
  fake.override('GET /_ping', () => {})
  const lost: Error[] = []
  watchLiveness(engine, call, { onLost: (error) => lost.push(error) })
  await expect.poll(() => lost).toMatchObject([{ code: 'CONNECTION_LOST', cause: { code: 'TIMED_OUT' } }])
  await new Promise((resolve) => setTimeout(resolve, 30)) // some more of its rounds: it has ended
  expect(lost).toHaveLength(1)
  expect(fake.requests.length).toBeLessThanOrEqual(3)
})

test('pings an engine that answers until it is stopped, and closes all connections', async () => {
  const { fake, engine } = await startFakeEngine({}, { livenessIntervalMs: 2 })
  const stop = watchLiveness(engine, call, { onLost: (error) => expect(error).toBeUndefined() })
  await expect.poll(() => fake.requests.length).toBeGreaterThan(3)
  stop()
  await expect.poll(() => fake.sockets.size).toBe(0)
})

test('does not end a stream for two unanswered pings in a row', async () => {
  const { fake, engine } = await startFakeEngine({}, { livenessIntervalMs: 2, livenessAnswerMs: 300 })
  let asked = 0
  fake.override('GET /_ping', (reply) => {
    asked += 1
    if (asked % 3 === 0) reply.raw(200, 'OK') // two in a row are not answered
  })
  const lost: Error[] = []
  const stop = watchLiveness(engine, call, { onLost: (error) => lost.push(error) })
  await expect.poll(() => asked, { timeout: 10_000 }).toBeGreaterThan(6)
  expect(lost).toEqual([])
  stop()
})

test('does not end a stream when pings are answered with status 503', async () => {
  const { fake, engine } = await startFakeEngine({}, { livenessIntervalMs: 2 })
  fake.override('GET /_ping', (reply) => reply.refuse(503, 'busy'))
  const lost: Error[] = []
  const stop = watchLiveness(engine, call, { onLost: (error) => lost.push(error) })
  await expect.poll(() => fake.requests.length).toBeGreaterThan(5)
  expect(lost).toEqual([])
  stop()
})
