import { describe, expect, test } from 'vitest'
import { startRuntime } from '../start-runtime.js'

const rules = { proxyHost: '10.0.0.1', proxyPort: 3_128 }

describe('setupFirewall', () => {
  test('on a created container the rules are kept: nothing is run yet', async () => {
    const { fake, firewalls } = await startRuntime()
    const { id } = fake.state.createContainer('c', {})
    await firewalls.setupFirewall(id, rules)
    expect(fake.log()).toEqual([`GET /containers/${id}/json`])
  })

  test('kept rules are set by the start, by id and by name; what cannot be set fails the start', async () => {
    const { fake, runtime, firewalls } = await startRuntime()
    const { id } = fake.state.createContainer('c', { Cmd: ['sleep'] })
    fake.override('POST /containers/*/exec', (reply) => reply.refuse(500, 'no exec here'))
    fake.override('POST /containers/create', (reply) => reply.refuse(500, 'no helper here'))
    await firewalls.setupFirewall('c', rules)
    await expect(runtime.startContainer(id)).rejects.toMatchObject({ code: 'FIREWALL_FAILED', facts: { id } })
  })

  test('what was kept of a container that is gone is not for another of its name', async () => {
    const { fake, runtime, firewalls } = await startRuntime()
    const gone = fake.state.createContainer('c', { Cmd: ['sleep'] })
    await firewalls.setupFirewall('c', rules)
    gone.remove() // by itself, or by another client
    const { id } = fake.state.createContainer('c', { Cmd: ['sleep'] })
    await runtime.startContainer('c')
    expect(fake.log().slice(-2)).toEqual(['GET /containers/c/json', 'POST /containers/c/start'])
    await expect(runtime.containerState(id)).resolves.toBe('running')
  })

  test.each(['host', 'container:other'])(
    'X11 on the network %s: FIREWALL_FAILED, unchanged, before it starts',
    async (NetworkMode) => {
      const { fake, runtime, firewalls } = await startRuntime()
      fake.state.createContainer('other', { Cmd: ['sleep'] }).start()
      const { id } = fake.state.createContainer('c', { HostConfig: { NetworkMode }, Cmd: ['sleep'] })
      await expect(firewalls.setupFirewall(id, rules)).rejects.toMatchObject({
        code: 'FIREWALL_FAILED',
        facts: { containment: 'unchanged' },
      })
      await runtime.startContainer(id)
    },
  )

  test('X11 a bad port: INVALID_ARGUMENT, and no request; not running: NOT_RUNNING', async () => {
    const { fake, firewalls } = await startRuntime()
    await expect(firewalls.setupFirewall('c', { ...rules, proxyPort: 0 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      facts: { field: 'proxyPort' },
    })
    expect(fake.requests).toHaveLength(0)
    const container = fake.state.createContainer('c', {})
    container.status = 'exited'
    await expect(firewalls.setupFirewall('c', rules)).rejects.toMatchObject({ code: 'NOT_RUNNING' })
  })
})
