import { describe, expect, test } from 'vitest'
import { startRuntime } from '../start-runtime.js'

const rules = { proxyHost: '10.0.0.1', proxyPort: 3_128 }

describe('setupFirewall', () => {
  test('only stores the rules of a created container', async () => {
    const { fake, firewalls } = await startRuntime()
    const { id } = fake.state.createContainer('c', {})
    await firewalls.setupFirewall(id, rules)
    expect(fake.log()).toEqual([`GET /containers/${id}/json`])
  })

  test('fails the start of a container whose stored rules cannot be set, by id or by name', async () => {
    const { fake, runtime, firewalls } = await startRuntime()
    const { id } = fake.state.createContainer('c', { Cmd: ['sleep'] })
    fake.override('POST /containers/*/exec', (reply) => reply.refuse(500, 'no exec here'))
    fake.override('POST /containers/create', (reply) => reply.refuse(500, 'no helper here'))
    await firewalls.setupFirewall('c', rules)
    await expect(runtime.startContainer(id)).rejects.toMatchObject({ code: 'FIREWALL_FAILED', facts: { id } })
  })

  test('does not apply the rules of a removed container to another one of its name', async () => {
    const { fake, runtime, firewalls } = await startRuntime()
    const gone = fake.state.createContainer('c', { Cmd: ['sleep'] })
    await firewalls.setupFirewall('c', rules)
    gone.remove() // by itself, or by another client
    const { id } = fake.state.createContainer('c', { Cmd: ['sleep'] })
    await runtime.startContainer('c')
    expect(fake.log().slice(-2)).toEqual(['GET /containers/c/json', 'POST /containers/c/start'])
    await expect(runtime.containerState(id)).resolves.toBe('running')
  })

  test('rejects with FIREWALL_FAILED, unchanged, for a container that its restart policy would start without rules', async () => {
    const { fake, firewalls } = await startRuntime()
    const HostConfig = { RestartPolicy: { Name: 'always' } }
    const { id } = fake.state.createContainer('c', { HostConfig, Cmd: ['sleep'] })
    await expect(firewalls.setupFirewall(id, rules)).rejects.toMatchObject({
      code: 'FIREWALL_FAILED',
      facts: { id, containment: 'unchanged', reason: expect.stringContaining('restart policy "always"') },
    })
  })

  test.each(['host', 'container:other'])(
    'rejects with FIREWALL_FAILED, unchanged, for a created container on the network %s',
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

  test('rejects with INVALID_ARGUMENT for a bad port without a request, and with NOT_RUNNING for an exited container', async () => {
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
