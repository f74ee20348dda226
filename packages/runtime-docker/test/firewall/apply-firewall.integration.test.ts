import { randomUUID } from 'node:crypto'
import { type FirewallPlan, readFirewallOutcome, toFirewallScript } from '@capstan/egress-firewall'
import { expect, onTestFinished, test } from 'vitest'
import { describeWithFirewallImage } from '../../../../test/support/test-engine.js'
import { DockerFirewallManager } from '../../src/docker-firewall-manager.js'
import { DockerRuntime } from '../../src/docker-runtime.js'
import type { DockerDetails } from '../../src/engine/docker-details.js'
import { applyFirewall } from '../../src/firewall/rules/apply-firewall.js'
import { createExecRunner } from '../../src/firewall/rules/exec-runner.js'
import { readFirewalledContainer } from '../../src/firewall/rules/firewalled-container.js'
import { connectEngine } from '../connect-engine.js'

describeWithFirewallImage('the firewall on a real engine', (testEngine) => {
  async function connect(changes: Partial<DockerDetails> = {}) {
    const connected = connectEngine(testEngine, changes)
    const { engine } = connected
    const call = { operation: 'test', subject: 'test' }
    const api = await engine.api(call)
    const suffix = randomUUID()
    const network = await api.createNetwork({ Name: `capstan-test-${suffix}`, Labels: engine.ownerLabels })
    onTestFinished(() =>
      api
        .getNetwork(network.id)
        .remove()
        .then(undefined, () => undefined),
    )

    async function run(
      name: string,
      changes: { readonly Image?: string; readonly Entrypoint?: readonly string[]; readonly HostConfig?: object } = {},
    ) {
      const own = `${name}-${suffix}`
      const { HostConfig, ...config } = changes
      const { id } = await api.createContainer({
        _query: { name: own },
        _body: {
          Image: testEngine.image,
          Entrypoint: ['/bin/sh', '-c', `httpd -f -p 8080 & nc -ll -p 9090 -e cat & sleep 600`],
          Labels: engine.ownerLabels,
          HostConfig: { NetworkMode: network.id, ...HostConfig },
          ...config,
        },
      })
      onTestFinished(() =>
        api
          .getContainer(id)
          .remove({ force: true, v: true })
          .then(undefined, () => undefined),
      )
      await api.getContainer(id).start()
      const { NetworkSettings } = await api.getContainer(id).inspect()
      const [attachment] = Object.values(NetworkSettings?.Networks ?? {})
      return { id, name: own, address: attachment?.IPAddress ?? '' }
    }

    /** The exit code of a shell line in a container. */
    async function sh(id: string, line: string, how: { readonly User?: string; readonly Privileged?: boolean } = {}) {
      const exec = await api
        .getContainer(id)
        .exec({ Cmd: ['/bin/sh', '-c', line], AttachStdout: true, Tty: true, ...how })
      const body = { Detach: false, Tty: true }
      const { socket } = await engine.upgrade({ ...call, method: 'POST', path: `/exec/${exec.id}/start`, body })
      let output = ''
      for await (const chunk of socket) output += String(chunk)
      const { ExitCode } = await api.getExec(exec.id).inspect()
      return { code: ExitCode, output }
    }

    /** Whether the container can connect to the address by TCP. */
    async function reaches(id: string, address: string, port = 8080): Promise<boolean> {
      return (await sh(id, `timeout 2 nc -w 1 ${address} ${port} </dev/null`)).code === 0
    }

    const networksOf = async (id: string) => {
      const { NetworkSettings } = await api.getContainer(id).inspect()
      return Object.keys(NetworkSettings?.Networks ?? {})
    }
    return { ...connected, api, run, sh, reaches, networksOf, networkId: network.id }
  }

  const { firewallImage } = testEngine

  test('allows only the proxy, by a helper of the own image, for a container without NET_ADMIN', async () => {
    const { engine, run, reaches, sh, warnings } = await connect()
    const proxy = await run('proxy')
    const stranger = await run('stranger')
    const { id } = await run('container', { Image: firewallImage })
    expect(await reaches(id, proxy.address)).toBe(true)
    expect(await reaches(id, stranger.address)).toBe(true)
    expect((await sh(id, `nslookup ${stranger.name}`)).code).toBe(0)

    await applyFirewall(engine, id, { proxyHost: proxy.name, proxyPort: 8080 })

    expect(await reaches(id, proxy.address)).toBe(true)
    expect(await reaches(id, proxy.address, 9090)).toBe(false)
    expect(await reaches(id, stranger.address)).toBe(false)
    expect((await sh(id, `timeout 3 nslookup ${stranger.name}`)).code).not.toBe(0)
    expect((await sh(id, `ping -c 1 -W 1 ${stranger.address}`)).code).not.toBe(0)
    expect(await reaches(id, '127.0.0.1')).toBe(true)
    expect(warnings).toEqual([])
  })

  test('blocks UDP datagrams to another container, whose kernel counts none', async () => {
    const { engine, run, sh } = await connect()
    const proxy = await run('proxy')
    const stranger = await run('stranger')
    const { id } = await run('container', { Image: firewallImage })
    const count = async () => /^Udp: \d.*$/m.exec((await sh(stranger.id, 'cat /proc/net/snmp')).output)?.[0]
    const send = () => sh(id, `timeout 2 nslookup x ${stranger.address}`)
    const atFirst = await count()
    await send()
    const control = await count()
    expect(control).not.toBe(atFirst)
    await applyFirewall(engine, id, { proxyHost: proxy.address, proxyPort: 8080 })
    await send()
    expect(await count()).toBe(control)
  })

  // On the default bridge the kernel tracks no connections until the rules are set.
  test.for(['own', 'bridge'])('blocks a connection that was open before, on the network %s', async (network) => {
    const { engine, run, sh, networkId } = await connect()
    const HostConfig = { NetworkMode: network === 'own' ? networkId : network }
    const proxy = await run('proxy', { HostConfig })
    // Both send five lines a second over one connection, and the other container writes the received lines to a file.
    const speak = 'exec 3<&0; cat <&3 > /tmp/heard & while true; do echo tick; sleep 0.2; done'
    const serve = `printf '#!/bin/sh\\n${speak}\\n' > /tmp/speak; chmod +x /tmp/speak; exec nc -ll -p 9090 -e /tmp/speak`
    const stranger = await run('stranger', { HostConfig, Entrypoint: ['/bin/sh', '-c', serve] })
    const talk = `for i in $(seq 300); do echo $i; sleep 0.2; done | nc ${stranger.address} 9090`
    const { id } = await run('container', { Image: firewallImage, Entrypoint: ['/bin/sh', '-c', talk], HostConfig })
    const heard = async () => Number((await sh(stranger.id, 'wc -l < /tmp/heard')).output.trim())
    await expect.poll(heard, { timeout: 5_000 }).toBeGreaterThan(2)
    await applyFirewall(engine, id, { proxyHost: proxy.address, proxyPort: 8080 })
    const before = await heard()
    await sh(id, 'sleep 1')
    expect(await heard()).toBe(before)
  })

  test('lets other containers connect to it and receive replies', async () => {
    const { engine, run, reaches } = await connect()
    const proxy = await run('proxy')
    const { id, address } = await run('container', { Image: firewallImage })
    await applyFirewall(engine, id, { proxyHost: proxy.address, proxyPort: 8080 })
    expect(await reaches(proxy.id, address)).toBe(true)
  })

  test('resolves names by the DNS of the engine where the rules allow it, and allows nothing else', async () => {
    const { engine, run, reaches, sh } = await connect()
    const proxy = await run('proxy')
    const stranger = await run('stranger')
    const { id } = await run('container', { Image: firewallImage })
    await applyFirewall(engine, id, { proxyHost: proxy.name, proxyPort: 8080, dns: 'engine' })
    expect((await sh(id, `nslookup ${stranger.name}`)).code).toBe(0)
    expect(await reaches(id, proxy.name)).toBe(true)
    expect(await reaches(id, stranger.address)).toBe(false)
  })

  test('allows further destinations, and blocks them when the rules change', async () => {
    const { engine, run, reaches } = await connect()
    const proxy = await run('proxy')
    const other = await run('other')
    const { id } = await run('container', { Image: firewallImage })
    const rules = { proxyHost: proxy.address, proxyPort: 8080 }
    await applyFirewall(engine, id, { ...rules, allow: [{ host: other.name, port: 9090 }] })
    expect([await reaches(id, other.address, 9090), await reaches(id, other.address)]).toEqual([true, false])
    await applyFirewall(engine, id, rules)
    expect([await reaches(id, other.address, 9090), await reaches(id, proxy.address)]).toEqual([false, true])
  })

  test('sets the rules by a helper of the firewall image when the container has no iptables', async () => {
    const { engine, run, reaches } = await connect({ firewallImage })
    const proxy = await run('proxy')
    const stranger = await run('stranger')
    const { id } = await run('container')
    await applyFirewall(engine, id, { proxyHost: proxy.name, proxyPort: 8080 })
    expect(await reaches(id, proxy.address)).toBe(true)
    expect(await reaches(id, stranger.address)).toBe(false)
  })

  test('disconnects the container without any iptables, and lists what was tried with a remedy', async () => {
    const { engine, run, networksOf } = await connect()
    const proxy = await run('proxy')
    const { id } = await run('container')
    const failure = await applyFirewall(engine, id, { proxyHost: proxy.name, proxyPort: 8080 }).catch(
      (error: unknown) => error,
    )
    expect(failure).toMatchObject({ code: 'FIREWALL_FAILED', facts: { id, containment: 'disconnected' } })
    expect(String(failure)).toMatch(/its own image: no iptables that works.*a privileged exec.*firewallImage/)
    expect(await networksOf(id)).toEqual([])
  })

  test('seals the container when the name of the proxy does not resolve', async () => {
    const { engine, run, reaches, networksOf } = await connect()
    const stranger = await run('stranger')
    const { id } = await run('container', { Image: firewallImage })
    await expect(applyFirewall(engine, id, { proxyHost: 'nobody.invalid', proxyPort: 8080 })).rejects.toMatchObject({
      facts: { containment: 'sealed', reason: expect.stringMatching(/no address was found for "nobody.invalid"/) },
    })
    expect(await networksOf(id)).toHaveLength(1)
    expect(await reaches(id, stranger.address)).toBe(false)
  })

  test('sets rules that a container without NET_ADMIN cannot remove, and warns of one that has it', async () => {
    const { engine, run, sh, reaches, warnings } = await connect()
    const proxy = await run('proxy')
    const stranger = await run('stranger')
    const { id } = await run('container', { Image: firewallImage })
    await applyFirewall(engine, id, { proxyHost: proxy.address, proxyPort: 8080 })
    const flush = 'iptables -P OUTPUT ACCEPT; iptables -F'
    expect((await sh(id, flush, { User: '0' })).code).not.toBe(0)
    expect(await reaches(id, stranger.address)).toBe(false)

    const admin = await run('admin', { Image: firewallImage, HostConfig: { CapAdd: ['NET_ADMIN'] } })
    await applyFirewall(engine, admin.id, { proxyHost: proxy.address, proxyPort: 8080 })
    expect(warnings).toEqual([expect.stringMatching(/has NET_ADMIN/)])
  })

  test('refuses the network of the host and of another container; does nothing without a network', async () => {
    const { engine, run } = await connect()
    const proxy = await run('proxy')
    const rules = { proxyHost: proxy.address, proxyPort: 8080 }
    for (const NetworkMode of ['host', `container:${proxy.id}`]) {
      const { id } = await run(NetworkMode.slice(0, 4), { Image: firewallImage, HostConfig: { NetworkMode } })
      await expect(applyFirewall(engine, id, rules)).rejects.toMatchObject({
        code: 'FIREWALL_FAILED',
        facts: { containment: 'unchanged' },
      })
    }
    const { id } = await run('none', { HostConfig: { NetworkMode: 'none' } })
    await applyFirewall(engine, id, rules)
  })

  test('rejects with NOT_RUNNING, CONTAINER_NOT_FOUND, or INVALID_ARGUMENT for a bad port', async () => {
    const { engine, api, run } = await connect()
    const { id } = await run('container', { Image: firewallImage })
    const rules = { proxyHost: '10.0.0.1', proxyPort: 8080 }
    await expect(applyFirewall(engine, id, { ...rules, proxyPort: 0 })).rejects.toMatchObject({
      facts: { field: 'proxyPort' },
    })
    await api.getContainer(id).kill()
    await expect(applyFirewall(engine, id, rules)).rejects.toMatchObject({ code: 'NOT_RUNNING' })
    await api.getContainer(id).remove({ force: true })
    await expect(applyFirewall(engine, id, rules)).rejects.toMatchObject({ code: 'CONTAINER_NOT_FOUND' })
  })

  test.for([
    ['a privileged exec, in a container without NET_ADMIN,', true, {}],
    ['a plain exec, in a container with NET_ADMIN,', false, { CapAdd: ['NET_ADMIN'] }],
  ] as const)('%s sets the same rules', async ([title, privileged, HostConfig]) => {
    const { engine, run } = await connect()
    const { id } = await run('container', { Image: firewallImage, HostConfig })
    const call = { operation: 'test', subject: id }
    const container = await readFirewalledContainer(engine, call)
    const plan: FirewallPlan = {
      destinations: [{ address: '10.0.0.1', port: 1 }],
      nameServers: [],
      allowsReplies: true,
      testAddress: '192.0.2.1',
    }
    const runner = createExecRunner({ engine, container }, { privileged, title })
    const result = await runner.run(toFirewallScript(plan), call)
    expect(readFirewallOutcome(result, plan)).toEqual({ state: 'set' })
    const plain = createExecRunner({ engine, container }, { privileged: false, title })
    if (privileged) expect((await plain.run(toFirewallScript(plan), call)).output).toMatch(/no-tool iptables/)
  })

  test('sets the rules again when this runtime starts the container again', async () => {
    const { engine, run, reaches } = await connect()
    const runtime = new DockerRuntime(engine)
    const firewalls = new DockerFirewallManager(engine)
    const proxy = await run('proxy')
    const stranger = await run('stranger')
    const { id } = await run('container', { Image: firewallImage })
    await firewalls.setupFirewall(id, { proxyHost: proxy.name, proxyPort: 8080 })
    await runtime.stopContainer(id, { graceMs: 0 })
    await runtime.startContainer(id)
    expect(await reaches(id, proxy.address)).toBe(true)
    expect(await reaches(id, stranger.address)).toBe(false)
  })

  test('allows only the proxy over IPv6', async () => {
    const { engine, api, run, sh } = await connect()
    const subnet = `fd00:${Math.floor(Math.random() * 0xffff).toString(16)}::/64`
    const IPAM = { Config: [{ Subnet: subnet }] }
    const six = await api.createNetwork({
      Name: `capstan-test-${randomUUID()}`,
      EnableIPv6: true,
      IPAM,
      Labels: engine.ownerLabels,
    })
    onTestFinished(() =>
      api
        .getNetwork(six.id)
        .remove()
        .then(undefined, () => undefined),
    )
    const HostConfig = { NetworkMode: six.id }
    const proxy = await run('proxy', { HostConfig })
    const stranger = await run('stranger', { HostConfig })
    const { id } = await run('container', { Image: firewallImage, HostConfig })
    const addressOf = async (container: string) =>
      (
        await sh(container, "ip -6 addr show dev eth0 scope global | sed -n 's/.*inet6 \\([^/]*\\).*/\\1/p'")
      ).output.trim()
    const [proxy6, stranger6] = [await addressOf(proxy.id), await addressOf(stranger.id)]
    const reaches6 = async (address: string) =>
      (await sh(id, `timeout 3 nc -w 2 ${address} 8080 </dev/null`)).code === 0
    expect(proxy6).toMatch(/^fd00:/)
    expect([await reaches6(proxy6), await reaches6(stranger6)]).toEqual([true, true])
    await applyFirewall(engine, id, { proxyHost: proxy.name, proxyPort: 8080 })
    expect([await reaches6(proxy6), await reaches6(stranger6)]).toEqual([true, false])
  })

  test('restricts the container and removes the helper when the call is aborted', async () => {
    const { engine, api, run, reaches, instance } = await connect()
    const stranger = await run('stranger')
    const { id } = await run('container', { Image: firewallImage })
    const reason = new Error('enough')
    const abort = new AbortController()
    const applying = applyFirewall(
      engine,
      id,
      { proxyHost: stranger.address, proxyPort: 8080 },
      { signal: abort.signal },
    )
    setTimeout(() => abort.abort(reason), 100)
    await expect(applying).rejects.toBe(reason)
    expect(await reaches(id, stranger.address)).toBe(false)
    const label = [`capstan.owner.instance=${instance}`]
    expect(await api.listContainers({ all: true, filters: { label } })).toHaveLength(2)
  })
})
