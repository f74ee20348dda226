import { eventStreamCapability, requireCapabilities } from '@capstan/core'
import { describe, expect, it } from 'vitest'
import { openMemory } from '../support/open-memory.js'

const image = 'busybox'
const sleep = { image, command: ['sleep', '60'] }

describe('a health check', () => {
  it('becomes unhealthy after `retries` failures in a row, and healthy after one success', async () => {
    await using memory = await openMemory()
    const { runtime, exec } = memory
    const healthcheck = { command: 'cat /ok', intervalMs: 5, retries: 2 }
    const id = await runtime.createContainer({ ...sleep, healthcheck })
    await runtime.startContainer(id)
    const readHealth = async () => (await runtime.inspectContainer(id)).health
    expect(await readHealth()).toBe('starting')
    await expect.poll(readHealth).toBe('unhealthy')
    await (await exec.exec(id, ['sh', '-c', 'echo x > /ok'])).exitCode
    await expect.poll(readHealth).toBe('healthy')
    await runtime.stopContainer(id, { graceMs: 0 })
    expect(await readHealth()).toBeUndefined()
  })

  it('emits an event at each change', async () => {
    await using memory = await openMemory()
    const { runtime } = memory
    const { events } = requireCapabilities(memory.scope, { events: eventStreamCapability })
    const id = await runtime.createContainer({ ...sleep, healthcheck: { command: ['true'], intervalMs: 5 } })
    await using subscription = await events.events()
    await runtime.startContainer(id)
    for await (const event of subscription) {
      if (event.kind !== 'container' || event.action !== 'health') continue
      expect(event).toMatchObject({ id, health: 'healthy' })
      break
    }
  })

  it('does not run while the container is paused', async () => {
    const runs = { paused: 0, running: 0 }
    const count = (name: keyof typeof runs) => async () => {
      runs[name] += 1
      return 0
    }
    const commands = { 'check-paused': count('paused'), 'check-running': count('running') }
    await using memory = await openMemory({ commands })
    const start = async (command: keyof typeof commands) => {
      const healthcheck = { command: [command], intervalMs: 2 }
      const id = await memory.runtime.createContainer({ ...sleep, healthcheck })
      await memory.runtime.startContainer(id)
      return id
    }
    const id = await start('check-paused')
    await memory.control.pauseContainer(id)
    const before = runs.paused
    await start('check-running')
    await expect.poll(() => runs.running).toBeGreaterThan(3)
    expect(runs.paused - before).toBeLessThan(2) // one may have begun before the pause
    await memory.control.unpauseContainer(id)
    await expect.poll(() => runs.paused - before).toBeGreaterThan(3)
  })

  it('is that of the image, unless the container turns it off', async () => {
    await using memory = await openMemory()
    const { runtime, builder } = memory
    const flags = '--interval=1m30s --timeout=500ms --start-period=1s --retries=2'
    await builder.buildImage(`FROM busybox\nHEALTHCHECK ${flags} CMD ["true"]\n`, 'checked:1')
    const id = await runtime.createContainer({ ...sleep, image: 'checked:1' })
    const off = await runtime.createContainer({ ...sleep, image: 'checked:1', healthcheck: 'none' })
    for (const one of [id, off]) await runtime.startContainer(one)
    expect((await runtime.inspectContainer(id)).health).toBe('starting')
    expect((await runtime.inspectContainer(off)).health).toBeUndefined()
  })

  it.each([
    ['HEALTHCHECK', 'expected CMD and a command, or NONE'],
    ['HEALTHCHECK --interval=soon CMD true', '"soon" is not a duration'],
    ['HEALTHCHECK --retries=x CMD true', '--retries must be a whole number'],
  ])('of the Dockerfile %j rejects with BUILD_FAILED', async (line, message) => {
    await using memory = await openMemory()
    await expect(memory.builder.buildImage(`FROM busybox\n${line}\n`, 'bad:1')).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      message: expect.stringContaining(message),
    })
  })
})
