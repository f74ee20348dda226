import { describe, expect, test } from 'vitest'
import { startRuntime } from '../start-runtime.js'

const image = 'busybox:1'

/** Closes the runtime when the fake engine receives this request. */
async function closeAt(pattern: RegExp) {
  const started = await startRuntime()
  const { fake, runtime } = started
  let closed: Promise<void> | undefined
  fake.onRequest = ({ method, path }) => {
    if (pattern.test(`${method} ${path}`)) closed ??= runtime.close()
  }
  return { ...started, waitForClose: () => closed }
}

describe('close during an operation', () => {
  test('undoes a create before it resolves', async () => {
    const { fake, runtime, waitForClose } = await closeAt(/create/)
    await expect(runtime.createContainer({ image })).rejects.toMatchObject({
      code: 'RUNTIME_UNAVAILABLE',
      undoFailures: [],
    })
    await waitForClose()
    expect(fake.state.containers.size).toBe(0)
    await expect.poll(() => fake.sockets.size).toBe(0)
  })

  test('undoes a create that the engine answers late', async () => {
    const { fake, runtime } = await startRuntime({}, { abortGraceMs: 1_000, lateResultMs: 0 })
    let late: string | undefined
    fake.override('POST /containers/create', async (reply, { json }) => {
      void runtime.close()
      await new Promise((resolve) => setTimeout(resolve, 60)) // the engine continues after the abort
      late = fake.state.createContainer('late', json).id
      reply.json(201, { Id: late })
    })
    await expect(runtime.createContainer({ image })).rejects.toMatchObject({
      code: 'RUNTIME_UNAVAILABLE',
      undoFailures: [],
    })
    await expect.poll(() => late).toBeDefined()
    expect(fake.state.containers.size).toBe(0)
  })

  test('undoes a sidecar', async () => {
    const { fake, sidecars, waitForClose } = await closeAt(/start/)
    await expect(sidecars.startSidecar({ image, name: 'side', command: ['sleep'] })).rejects.toMatchObject({
      code: 'RUNTIME_UNAVAILABLE',
      undoFailures: [],
    })
    await waitForClose()
    expect(fake.state.containers.size).toBe(0)
  })

  test('rejects each call with its own undo failures', async () => {
    const { fake, runtime, sidecars } = await startRuntime()
    let starts = 0
    fake.override('POST /containers/*/start', () => {
      starts += 1 // and no answer
    })
    fake.override('DELETE /containers/*', (reply) => reply.refuse(500, 'cannot remove'))
    const ends = ['one', 'two'].map((name) =>
      sidecars.startSidecar({ image, name, command: ['sleep'] }).catch((error: unknown) => error),
    )
    await expect.poll(() => starts).toBe(2)
    await runtime.close()
    for (const end of ends) {
      const undoFailures = [expect.objectContaining({ code: 'OPERATION_FAILED' })]
      expect(await end).toMatchObject({ code: 'RUNTIME_UNAVAILABLE', undoFailures })
    }
    await expect(runtime.ping()).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE', undoFailures: [] })
  })

  test('keeps the container running that startAttached started', async () => {
    const { fake, runtime, waitForClose } = await closeAt(/resize/)
    const id = await runtime.createContainer({ image, command: ['sleep'], tty: true })
    const running = runtime.startAttached(id, { initialSize: { height: 1, width: 1 } })
    await expect(running).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE', undoFailures: [] })
    await waitForClose()
    expect(fake.state.findContainer(id)?.status).toBe('running')
  })

  test('sends no request afterwards', async () => {
    const { fake, runtime } = await startRuntime()
    await runtime.close()
    await expect(runtime.createContainer({ image })).rejects.toMatchObject({ undoFailures: [] })
    expect(fake.requests).toHaveLength(0)
  })
})

test('rejects a call after close with the endpoint and a remedy', async () => {
  const { fake, runtime } = await startRuntime()
  await runtime.close()
  await expect(runtime.ping()).rejects.toMatchObject({
    code: 'RUNTIME_UNAVAILABLE',
    facts: {
      runtime: 'docker',
      reports: [
        {
          runtime: 'docker',
          available: false,
          attempts: [
            {
              candidate: `unix://${fake.socketPath}`,
              source: 'open runtime',
              step: 'connect',
              cause: { code: 'CLOSED', message: 'the runtime was closed' },
              remedy: 'open it again with host.open()',
            },
          ],
        },
      ],
    },
  })
})
