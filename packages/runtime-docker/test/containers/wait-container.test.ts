import { describe, expect, test } from 'vitest'
import type { DockerDetails } from '../../src/engine/docker-details.js'
import type { FakeContainer } from '../fake/fake-engine-state.js'
import { startRuntime } from '../start-runtime.js'

async function startWaiting(changes: Partial<DockerDetails> = {}) {
  const started = await startRuntime(changes)
  const container = started.fake.state.createContainer('c', { Cmd: ['sleep'] })
  return { ...started, container, id: container.id }
}

/** Resolves when the engine has accepted the wait and has received the inspection. */
function waitUntilAsked(log: () => readonly string[]): Promise<void> {
  return expect.poll(() => log().filter((line) => line.endsWith('/json'))).toHaveLength(1) as unknown as Promise<void>
}

function exitNow(container: FakeContainer, code: number): void {
  container.status = 'exited'
  container.exitCode = code
}

describe('waitContainer', () => {
  test('opens the wait before the inspection', async () => {
    const { fake, runtime, container, id } = await startWaiting()
    container.start()
    const waiting = runtime.waitContainer(id)
    await waitUntilAsked(() => fake.log())
    expect(fake.log()).toEqual([`POST /containers/${id}/wait`, `GET /containers/${id}/json`])
    expect(fake.requests[0]?.query.get('condition')).toBe('next-exit')
    container.exit(7)
    expect(await waiting).toBe(7)
    await expect.poll(() => fake.sockets.size).toBeLessThan(2)
  })

  test('resolves at once for an exited container, and closes the wait', async () => {
    const { fake, runtime, container, id } = await startWaiting()
    exitNow(container, 3)
    expect(await runtime.waitContainer(id)).toBe(3)
    await expect.poll(() => fake.sockets.size).toBeLessThan(2)
  })

  test('waits for the start and the exit of a created container', async () => {
    const { fake, runtime, container, id } = await startWaiting()
    const waiting = runtime.waitContainer(id)
    await waitUntilAsked(() => fake.log())
    container.start()
    container.exit(0)
    expect(await waiting).toBe(0)
  })

  test('rejects with CONTAINER_NOT_FOUND for a missing container', async () => {
    const { runtime } = await startRuntime()
    await expect(runtime.waitContainer('gone')).rejects.toMatchObject({
      code: 'CONTAINER_NOT_FOUND',
      facts: { id: 'gone' },
    })
  })

  test('rejects with PROTOCOL_ERROR for invalid events after a removal', async () => {
    const { fake, runtime, container, id } = await startWaiting()
    fake.override('GET /events', (reply) => reply.raw(200, '<html>'))
    const waiting = runtime.waitContainer(id)
    await waitUntilAsked(() => fake.log())
    fake.state.containers.delete(id)
    container.events.emit('exit')
    await expect(waiting).rejects.toMatchObject({ code: 'PROTOCOL_ERROR', facts: { excerpt: '<html>' } })
  })

  test('rejects with EXIT_CODE_UNKNOWN for a container that was removed without a start, though the engine answers 0', async () => {
    const { fake, runtime, container, id } = await startWaiting()
    const waiting = runtime.waitContainer(id)
    await waitUntilAsked(() => fake.log())
    container.events.emit('exit', 0)
    container.remove()
    await expect(waiting).rejects.toMatchObject({ code: 'EXIT_CODE_UNKNOWN', facts: { id } })
  })

  test('resolves with the code in the events when the container was started and removed between two inspections', async () => {
    const { fake, runtime, container, id } = await startWaiting()
    const died = { Type: 'container', Action: 'die', Actor: { ID: id, Attributes: { exitCode: '0' } } }
    fake.override('GET /events', (reply) => reply.raw(200, `${JSON.stringify(died)}\n`))
    const waiting = runtime.waitContainer(id)
    await waitUntilAsked(() => fake.log())
    container.start()
    container.exit(0)
    container.remove()
    expect(await waiting).toBe(0)
    expect(JSON.parse(fake.requests.at(-1)?.query.get('filters') ?? '')).toMatchObject({
      event: ['die'],
      container: [id],
    })
  })

  test.each([
    { api: '1.41', restarted: 'has started again', code: 3, what: 'the first exit in the events' },
    { api: '1.41', restarted: 'has exited again after a restart', code: 3, what: 'the first exit in the events' },
    { api: '1.41', restarted: 'has exited', code: 0, what: 'the answer' },
    { api: '1.42', restarted: 'has started again', code: 0, what: 'the answer' },
  ])('resolves with $what when the container $restarted, on API $api', async ({ api, restarted, code }) => {
    const { fake, runtime, container, id } = await startWaiting({
      api: { version: api, newest: api, oldest: '1.12', pinned: false },
    })
    fake.newestApi = api
    const seconds = Math.floor(Date.now() / 1000)
    const exits = [
      { time: seconds - 10, exitCode: '2' },
      { time: seconds + 60, exitCode: '3' },
      { time: seconds + 61, exitCode: '4' },
    ].map(({ time, exitCode }) => ({ Action: 'die', time, Actor: { ID: id, Attributes: { exitCode } } }))
    fake.override('GET /events', (reply) => reply.raw(200, exits.map((exit) => `${JSON.stringify(exit)}\n`).join('')))
    container.start()
    const waiting = runtime.waitContainer(id)
    await waitUntilAsked(() => fake.log())
    if (restarted !== 'has started again') container.status = 'exited'
    if (restarted === 'has exited again after a restart') container.restartCount = 1
    container.events.emit('exit', 0)
    expect(await waiting).toBe(code)
  })

  test('resolves with the answered code when the container is removed while it runs', async () => {
    const { fake, runtime, container, id } = await startWaiting()
    container.start()
    const waiting = runtime.waitContainer(id)
    await waitUntilAsked(() => fake.log())
    container.remove()
    expect(await waiting).toBe(137)
  })

  test('rejects with OPERATION_FAILED and the text of an error in the answer', async () => {
    const { fake, runtime, container, id } = await startWaiting()
    container.start()
    fake.override(`POST /containers/${id}/wait`, (reply) =>
      reply.open().end(JSON.stringify({ StatusCode: 0, Error: { Message: 'containerd went away' } })),
    )
    await expect(runtime.waitContainer(id)).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      facts: { reason: 'containerd went away' },
    })
  })

  test('rejects with CONNECTION_LOST when the engine stops', async () => {
    const { fake, runtime, container, id } = await startWaiting()
    container.start()
    const waiting = runtime.waitContainer(id)
    await waitUntilAsked(() => fake.log())
    await fake.die()
    await expect(waiting).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
  })

  test.each(['nothing', 'half of it'])(
    'resolves with the code of an inspection when the answer is incomplete (%s arrived)',
    async (what) => {
      const { fake, runtime, container, id } = await startWaiting()
      container.start()
      fake.override(`POST /containers/${id}/wait`, (reply) => {
        const response = reply.open()
        container.events.once('exit', () => {
          if (what === 'nothing') response.end()
          else response.write('{"Status', () => reply.destroy())
        })
      })
      const waiting = runtime.waitContainer(id)
      await waitUntilAsked(() => fake.log())
      container.exit(9)
      expect(await waiting).toBe(9)
    },
  )

  test('rejects with PROTOCOL_ERROR for an answer that is not JSON', async () => {
    const { fake, runtime, container, id } = await startWaiting()
    container.start()
    fake.override(`POST /containers/${id}/wait`, (reply) => reply.open().end('exit: 0'))
    await expect(runtime.waitContainer(id)).rejects.toMatchObject({ code: 'PROTOCOL_ERROR' })
  })

  test('rejects with the reason of an abort, and closes the connection', async () => {
    const { fake, runtime, container, id } = await startWaiting()
    container.start()
    const controller = new AbortController()
    const waiting = runtime.waitContainer(id, { signal: controller.signal })
    await waitUntilAsked(() => fake.log())
    controller.abort('enough')
    await expect(waiting).rejects.toBe('enough')
    await expect.poll(() => fake.sockets.size).toBeLessThan(2)
  })
})
