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

test('rejects with EXIT_CODE_UNKNOWN when the engine does not answer after the removal of the container', async () => {
  const { container, pending, fake } = await startPending()
  container.events.removeAllListeners('exit')
  fake.state.containers.delete(container.id)
  await expect(pending.exitCode).rejects.toMatchObject({ code: 'EXIT_CODE_UNKNOWN', facts: { id: container.id } })
})

test('rejects with CONNECTION_LOST when the engine stops during a wait', async () => {
  const { fake, pending } = await startPending()
  fake.override('GET /containers/*/json', (reply) => reply.destroy())
  await expect(pending.exitCode).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
})

test('stops polling at the answer', async () => {
  const { fake, container, pending } = await startPending()
  container.start()
  await expect.poll(() => fake.requests.length).toBeGreaterThan(3)
  container.exit(4)
  expect(await pending.exitCode).toBe(4)
  const asked = fake.requests.length
  await new Promise((resolve) => setTimeout(resolve, 50)) // ten more of its rounds
  expect(fake.requests.length).toBeLessThanOrEqual(asked + 1) // one may have been on its way
})

test('ignores an inspection that is not answered in time, and resolves with the code of the wait', async () => {
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
