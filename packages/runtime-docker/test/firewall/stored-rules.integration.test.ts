import { randomUUID } from 'node:crypto'
import { isHostError } from '@capstan/core'
import { expect, test } from 'vitest'
import { describeWithFirewallImage, skipOnPodman } from '../../../../test/support/test-engine.js'
import { collectOutput } from '../collect-output.js'
import { connectRuntime } from '../connect-runtime.js'

/** The number of processes that each test starts. */
const starts = Number(process.env.CAPSTAN_FIREWALL_STARTS ?? 3)

/** The process sends a packet to each port and exits without waiting for an answer. */
const send = (address: string) => ['sh', '-c', `nc -w 1 ${address} 8080 </dev/null & nc -w 1 ${address} 9 & sleep 0.02`]

describeWithFirewallImage('a process that ends at once under stored rules', (testEngine) => {
  const { firewallImage, image } = testEngine

  /** Another container on a network, and the number of TCP segments that its kernel has received. */
  async function setUp(changes: Parameters<typeof connectRuntime>[1] = {}) {
    const connected = connectRuntime(testEngine, changes)
    const { runtime, networks, execs } = connected
    const networkId = await networks.createNetwork(`capstan-test-${randomUUID()}`)
    const network = { mode: 'networks', networks: [{ networkId }] } as const
    const strangerId = await runtime.createContainer({
      image,
      network,
      command: ['nc', '-ll', '-p', '8080', '-e', 'cat'],
    })
    await runtime.startContainer(strangerId)
    const { networks: attachments } = await runtime.inspectContainer(strangerId)
    const address = attachments[0]?.ipAddress ?? ''
    const countReceived = async () => {
      const process = await execs.exec(strangerId, ['cat', '/proc/net/snmp'], { stdin: false })
      process.stderr.resume()
      let text = ''
      for await (const chunk of process.stdout) text += chunk
      const [names = '', values = ''] = text.split('\n').filter((line) => line.startsWith('Tcp:'))
      return Number(values.split(' ')[names.split(' ').indexOf('InSegs')])
    }
    const rules = { proxyHost: '172.17.0.250', proxyPort: 3_128 }
    return { ...connected, config: { network, command: send(address) }, countReceived, rules }
  }

  test('reaches another container without rules', async () => {
    const { runtime, config, countReceived } = await setUp()
    const before = await countReceived()
    const id = await runtime.createContainer({ image, ...config })
    await runtime.startAttached(id, {})
    expect(await countReceived()).toBeGreaterThan(before)
  })

  test.for([
    { title: 'of an image with iptables', container: firewallImage, changes: {}, outcome: 'ran' },
    {
      title: 'of an image without iptables, with a firewall image',
      container: image,
      changes: { firewallImage },
      outcome: 'ran',
    },
    { title: 'of an image without iptables', container: image, changes: {}, outcome: 'not-started' },
  ])(
    'sends nothing to another container: $title',
    { timeout: 60_000 + starts * 10_000 },
    async ({ container, changes, outcome }) => {
      const { runtime, firewalls, config, countReceived, rules, listLeftovers } = await setUp(changes)
      const before = await countReceived()
      const left = await listLeftovers()
      const outcomes: Record<string, number> = {}
      for (let turn = 0; turn < starts; turn += 1) {
        const id = await runtime.createContainer({ image: container, ...config, autoRemove: turn % 2 === 1 })
        await firewalls.setupFirewall(id, rules)
        const seen = await runtime
          .startAttached(id, { stdout: collectOutput().stream })
          .then(() => 'ran', toContainment)
        outcomes[seen] = (outcomes[seen] ?? 0) + 1
        await runtime.removeContainer(id)
      }
      expect({ received: await countReceived(), outcomes, left: await listLeftovers() }).toEqual({
        received: before,
        outcomes: { [outcome]: starts },
        left,
      })
    },
  )

  test('a container that another runtime created sends nothing to other containers', {
    timeout: 60_000 + starts * 10_000,
  }, async () => {
    const { runtime, firewalls, config, countReceived, rules } = await setUp({ firewallImage })
    const other = connectRuntime(testEngine)
    const before = await countReceived()
    const outcomes = new Set<string>()
    for (let turn = 0; turn < starts; turn += 1) {
      const id = await other.runtime.createContainer({ image, ...config })
      await firewalls.setupFirewall(id, rules)
      outcomes.add(await runtime.startContainer(id).then(() => 'ran', toContainment))
      await runtime.removeContainer(id)
    }
    expect(await countReceived()).toBe(before)
    expect([...outcomes].filter((seen) => seen !== 'ran' && seen !== 'ended')).toEqual([])
  })

  test('is on the network it was created with after a start that disconnected it', async () => {
    const { runtime, firewalls, config, countReceived, rules } = await setUp({ firewallImage })
    const other = connectRuntime(testEngine)
    const id = await other.runtime.createContainer({ image, ...config, command: ['sleep', '60'] })
    await firewalls.setupFirewall(id, rules)
    await runtime.startContainer(id)
    const { networks } = await other.runtime.inspectContainer(id)
    expect(networks.map(({ networkId }) => networkId)).toEqual([config.network.networks[0].networkId])
    const before = await countReceived()
    const process = await other.execs.exec(id, config.command, { stdin: false })
    process.stdout.resume()
    process.stderr.resume()
    await process.exitCode
    expect(await countReceived()).toBe(before)
  })

  test.each([false, true])('gives its exit code (autoRemove: %s)', async (autoRemove) => {
    const { runtime, firewalls, rules } = await setUp()
    const command = ['/bin/sh', '-c', 'exit 3'] as const
    const id = await runtime.createContainer({ image: firewallImage, command, autoRemove })
    await firewalls.setupFirewall(id, rules)
    expect(await runtime.startAttached(id, {})).toBe(3)
    await runtime.removeContainer(id)
  })

  test.for(['has its published port while it runs', 'releases its port when it is stopped'])(
    '%s',
    async (title, context) => {
      const isStopped = title.startsWith('releases')
      if (isStopped) skipOnPodman(context, 'the sandbox of the container runs on after the stop, and keeps the port')
      const { runtime, firewalls, config, rules } = await setUp({ firewallImage })
      const command = ['nc', '-ll', '-p', '80', '-e', 'echo', 'here'] as const
      const id = await runtime.createContainer({ image, ...config, command, ports: [{ containerPort: 80 }] })
      await firewalls.setupFirewall(id, rules)
      await runtime.startContainer(id)
      const hostPort = (await runtime.getPortBindings(id)).get(80)
      expect(hostPort).toBeGreaterThan(0)
      if (!isStopped) return
      await runtime.stopContainer(id, { graceMs: 0 })
      const ports = [{ containerPort: 80, hostPort: hostPort ?? 0 }]
      const next = await runtime.createContainer({ image, ...config, command, ports })
      await runtime.startContainer(next)
      expect((await runtime.getPortBindings(next)).get(80)).toBe(hostPort)
    },
  )
})

function toContainment(error: unknown): string {
  if (isHostError(error, 'FIREWALL_FAILED')) return error.facts.containment
  throw error
}
