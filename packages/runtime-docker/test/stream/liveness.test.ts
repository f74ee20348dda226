import { expect, test } from 'vitest'
import { watchLiveness } from '../../src/stream/liveness.js'
import { startFakeEngine } from '../fake/fake-docker-engine.js'

const call = { operation: 'attach', subject: 'c' }

test('an engine that hangs beside a silent stream is told from silence: CONNECTION_LOST, once', async () => {
  const { fake, engine } = await startFakeEngine({}, { betweenPingsMs: 5, pingMs: 20 })
  fake.override('GET /_ping', () => {})
  const lost: Error[] = []
  watchLiveness(engine, call, { onLost: (error) => lost.push(error) })
  await expect.poll(() => lost).toMatchObject([{ code: 'CONNECTION_LOST', cause: { code: 'TIMED_OUT' } }])
  await new Promise((resolve) => setTimeout(resolve, 30)) // some more of its rounds: it has ended
  expect(lost).toHaveLength(1)
  expect(fake.requests.length).toBeLessThanOrEqual(1)
})

test('one that answers is asked again and again, until the watch is stopped, and no connection is left', async () => {
  const { fake, engine } = await startFakeEngine({}, { betweenPingsMs: 2 })
  const stop = watchLiveness(engine, call, { onLost: (error) => expect(error).toBeUndefined() })
  await expect.poll(() => fake.requests.length).toBeGreaterThan(3)
  stop()
  await expect.poll(() => fake.sockets.size).toBe(0)
})
