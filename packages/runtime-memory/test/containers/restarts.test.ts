import { describe, expect, it } from 'vitest'
import { openMemory } from '../support/open-memory.js'

const image = 'busybox'

describe('a restart policy', () => {
  it('restarts up to maxRetries times, and counts from 0 after a start by a call', async () => {
    await using memory = await openMemory()
    const { runtime } = memory
    const restartPolicy = { name: 'on-failure', maxRetries: 1 } as const
    const id = await runtime.createContainer({ image, restartPolicy, command: ['sh', '-c', 'echo ran; exit 3'] })
    await runtime.startContainer(id)
    expect(await runtime.waitContainer(id)).toBe(3)
    await expect
      .poll(async () => (await runtime.inspectContainer(id)).state)
      .toMatchObject({
        status: 'exited',
        restartCount: 1,
      })
    await runtime.startContainer(id)
    expect((await runtime.inspectContainer(id)).state.restartCount).toBe(0)
    await expect.poll(async () => (await runtime.inspectContainer(id)).state.restartCount).toBe(1)
    await expect.poll(() => runtime.containerState(id)).toBe('exited')
    expect(Buffer.from(await runtime.containerLogsAll(id)).toString()).toBe('ran\n'.repeat(4))
  })

  it('has the state "restarting" between two runs, and waitContainer then resolves at the next exit', async () => {
    const codes = [3, 4]
    await using memory = await openMemory({ commands: { next: async () => codes.shift() ?? 5 } })
    const { runtime } = memory
    const id = await runtime.createContainer({ image, restartPolicy: { name: 'always' }, command: ['next'] })
    await runtime.startContainer(id)
    await expect.poll(() => runtime.containerState(id), { interval: 1 }).toBe('restarting')
    expect(await runtime.waitContainer(id)).toBe(4)
    await runtime.removeContainer(id)
  })

  it('ends a wait for the next run with the last exit code when the container is stopped before', async () => {
    await using memory = await openMemory()
    const { runtime } = memory
    const restartPolicy = { name: 'always' } as const
    const id = await runtime.createContainer({ image, restartPolicy, command: ['sh', '-c', 'exit 5'] })
    await runtime.startContainer(id)
    await expect.poll(() => runtime.containerState(id), { interval: 1 }).toBe('restarting')
    const waiting = runtime.waitContainer(id)
    await runtime.stopContainer(id)
    expect(await waiting).toBe(5)
    expect(await runtime.containerState(id)).toBe('exited')
  })

  it('leaves the container exited when it cannot be started again', async () => {
    await using memory = await openMemory()
    const { runtime } = memory
    const owner = await runtime.createContainer({ image, command: ['sleep', '60'] })
    await runtime.startContainer(owner)
    const id = await runtime.createContainer({
      image,
      network: { mode: 'container', id: owner },
      restartPolicy: { name: 'always' },
      command: ['sh', '-c', 'exit 1'],
    })
    await runtime.startContainer(id)
    await runtime.stopContainer(owner, { graceMs: 0 })
    await expect.poll(() => runtime.containerState(id)).toBe('exited')
  })
})
