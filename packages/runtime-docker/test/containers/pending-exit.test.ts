import { expect, test } from 'vitest'
import { openWait } from '../../src/containers/pending-exit.js'
import { startFakeEngine } from '../fake/fake-docker-engine.js'

async function startPending(condition: 'next-exit' | 'removed' = 'next-exit') {
  const started = await startFakeEngine({}, { inspectIntervalMs: 5, inspectAnswerMs: 10 })
  const container = started.fake.state.createContainer('c', { Cmd: ['sleep'] })
  const call = { operation: 'waitContainer', subject: container.id }
  const pending = await openWait(started.engine, { call, condition })
  return { ...started, container, pending }
}

test('an engine that does not answer for a container that is gone: EXIT_CODE_UNKNOWN, not for ever', async () => {
  const { container, pending, fake } = await startPending()
  container.events.removeAllListeners('exit')
  fake.state.containers.delete(container.id)
  await expect(pending.exitCode).rejects.toMatchObject({ code: 'EXIT_CODE_UNKNOWN', facts: { id: container.id } })
})

test('an engine that breaks down beside a wait that is silent: CONNECTION_LOST', async () => {
  const { fake, pending } = await startPending()
  fake.override('GET /containers/*/json', (reply) => reply.destroy())
  await expect(pending.exitCode).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
})

test('looking beside ends with the answer', async () => {
  const { fake, container, pending } = await startPending()
  container.start()
  await expect.poll(() => fake.requests.length).toBeGreaterThan(3)
  container.exit(4)
  expect(await pending.exitCode).toBe(4)
  const asked = fake.requests.length
  await new Promise((resolve) => setTimeout(resolve, 50)) // ten more of its rounds
  expect(fake.requests.length).toBeLessThanOrEqual(asked + 1) // one may have been on its way
})

test('ignores an inspection that is not answered in time: the code is that of the wait', async () => {
  const { fake, container, pending } = await startPending()
  const asked = { count: 0 }
  fake.override('GET /containers/*/json', () => {
    asked.count += 1
  })
  container.start()
  await expect.poll(() => asked.count).toBeGreaterThan(3)
  container.exit(4)
  expect(await pending.exitCode).toBe(4)
})

test('ignores an inspection that the engine answers with an error', async () => {
  const { fake, container, pending } = await startPending()
  const asked = { count: 0 }
  fake.override('GET /containers/*/json', (reply) => {
    asked.count += 1
    reply.refuse(500, 'context deadline exceeded')
  })
  container.start()
  await expect.poll(() => asked.count).toBeGreaterThan(3)
  container.exit(4)
  expect(await pending.exitCode).toBe(4)
})
