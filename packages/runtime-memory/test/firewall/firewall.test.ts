import { describe, expect, it } from 'vitest'
import { Collector } from '../support/collect.js'
import { type OpenMemory, openMemory } from '../support/open-memory.js'
import { startServer } from '../support/servers.js'

describe('setupFirewall', () => {
  it('permits only the proxy', async () => {
    await using memory = await openMemory()
    const { proxy, other, id } = await setUp(memory)
    expect((await dial(memory, id, other)).exitCode).toBe(0)
    await memory.firewalls.setupFirewall(id, { proxyHost: proxy, proxyPort: 80 })
    expect((await dial(memory, id, proxy)).exitCode).toBe(0)
    expect((await dial(memory, id, other)).stderr).toContain('EACCES')
    expect((await dial(memory, id, proxy, 81)).stderr).toContain('EACCES')
    expect((await dial(memory, id, (await memory.runtime.getHostAddress()) ?? '')).stderr).toContain('EACCES')
  })

  it('accepts the proxy by name, and then resolves no names unless dns is engine', async () => {
    await using memory = await openMemory()
    const { proxy, id } = await setUp(memory)
    await memory.firewalls.setupFirewall(id, { proxyHost: 'proxy', proxyPort: 80 })
    expect((await dial(memory, id, 'proxy')).stderr).toMatch(/ENOTFOUND.*the firewall of the container blocks DNS/)
    expect((await dial(memory, id, proxy)).exitCode).toBe(0)
  })

  it('permits name resolution and further destinations that the rules allow', async () => {
    await using memory = await openMemory()
    const { id, other } = await setUp(memory)
    const allow = [{ host: other, port: 80 }]
    await memory.firewalls.setupFirewall(id, { proxyHost: 'proxy', proxyPort: 80, dns: 'engine', allow })
    expect((await dial(memory, id, 'proxy')).exitCode).toBe(0)
    expect((await dial(memory, id, 'other')).exitCode).toBe(0)
  })

  it('applies to a created container before its program runs, and again after a restart', async () => {
    await using memory = await openMemory()
    const { other, network, proxy } = await setUp(memory)
    const command = ['nc', other, '80']
    const id = await memory.runtime.createContainer({ image: 'busybox', network, command })
    await memory.firewalls.setupFirewall(id, { proxyHost: proxy, proxyPort: 80 })
    for (let round = 0; round < 2; round += 1) {
      const stderr = new Collector()
      expect(await memory.runtime.startAttached(id, { stderr })).toBe(1)
      expect(stderr.text).toContain('EACCES')
    }
  })

  it('sets stored rules after the start when "firewall.beforeStart" is unsupported; FIREWALL_FAILED after an early end', async () => {
    await using memory = await openMemory({ unsupportedOptions: ['firewall.beforeStart'] })
    const { other, network, proxy } = await setUp(memory)
    const rules = { proxyHost: proxy, proxyPort: 80 }
    const short = await memory.runtime.createContainer({ image: 'busybox', network, command: ['true'] })
    await memory.firewalls.setupFirewall(short, rules)
    await expect(memory.runtime.startContainer(short)).rejects.toMatchObject({
      code: 'FIREWALL_FAILED',
      facts: { id: short, containment: 'ended' },
    })
    const long = await memory.runtime.createContainer({ image: 'busybox', network, command: ['sleep', '60'] })
    await memory.firewalls.setupFirewall(long, rules)
    await memory.runtime.startContainer(long)
    expect((await dial(memory, long, other)).stderr).toContain('EACCES')
  })

  it('closes open connections to forbidden destinations', async () => {
    await using memory = await openMemory()
    const { id, proxy } = await setUp(memory)
    await startServer(memory, {
      name: 'long',
      networks: [{ networkId: 'n' }],
      command: ['nc', '-lk', '-p', '80', '-e', 'cat'],
    })
    const process = await memory.exec.exec(id, ['nc', 'long', '80'])
    const stdout = new Collector()
    process.stdout.pipe(stdout)
    process.stdin.write('hi')
    await stdout.until('hi')
    await memory.firewalls.setupFirewall(id, { proxyHost: proxy, proxyPort: 80 })
    expect(await process.exitCode).toBe(1)
  })

  it('blocks all connections when the proxy does not resolve', async () => {
    await using memory = await openMemory()
    const { id, proxy } = await setUp(memory)
    const failing = memory.firewalls.setupFirewall(id, { proxyHost: 'devNull', proxyPort: 80 })
    await expect(failing).rejects.toMatchObject({ code: 'FIREWALL_FAILED', facts: { id, containment: 'sealed' } })
    expect((await dial(memory, id, proxy)).stderr).toContain('EACCES')
  })

  it('blocks all connections when the rules permit the address that must fail', async () => {
    await using memory = await openMemory()
    const { id, proxy } = await setUp(memory)
    const rules = { proxyHost: proxy, proxyPort: 80, allow: [{ host: '192.0.2.1', port: 1 }] }
    await expect(memory.firewalls.setupFirewall(id, rules)).rejects.toMatchObject({
      code: 'FIREWALL_FAILED',
      facts: { id, containment: 'sealed' },
    })
    expect((await dial(memory, id, proxy)).stderr).toContain('EACCES')
  })

  it('closes open connections when it fails', async () => {
    await using memory = await openMemory()
    const { id } = await setUp(memory)
    await startServer(memory, {
      name: 'long',
      networks: [{ networkId: 'n' }],
      command: ['nc', '-lk', '-p', '80', '-e', 'cat'],
    })
    const process = await memory.exec.exec(id, ['nc', 'long', '80'])
    const stdout = new Collector()
    process.stdout.pipe(stdout)
    process.stdin.write('hi')
    await stdout.until('hi')
    await expect(memory.firewalls.setupFirewall(id, { proxyHost: 'devNull', proxyPort: 80 })).rejects.toThrow('devNull')
    expect(await process.exitCode).toBe(1)
  })

  it('rejects the start when the rules cannot be set', async () => {
    await using memory = await openMemory()
    const id = await memory.runtime.createContainer({ image: 'busybox' })
    await memory.firewalls.setupFirewall(id, { proxyHost: 'devNull', proxyPort: 80 })
    await expect(memory.runtime.startContainer(id)).rejects.toMatchObject({
      code: 'FIREWALL_FAILED',
      facts: { containment: 'not-started' },
    })
    expect(await memory.runtime.containerState(id)).toBe('created')
  })

  it('rejects host networking and invalid ports, and does nothing without a network', async () => {
    await using memory = await openMemory()
    const onHost = await memory.runtime.createContainer({ image: 'busybox', network: { mode: 'host' } })
    const alone = await memory.runtime.createContainer({ image: 'busybox', network: { mode: 'none' } })
    await expect(
      memory.firewalls.setupFirewall(onHost, { proxyHost: '10.0.0.9', proxyPort: 80 }),
    ).rejects.toMatchObject({
      code: 'FIREWALL_FAILED',
      facts: { containment: 'unchanged' },
    })
    await expect(memory.firewalls.setupFirewall(alone, { proxyHost: '10.0.0.9', proxyPort: 0 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      facts: { field: 'proxyPort' },
    })
    await memory.firewalls.setupFirewall(alone, { proxyHost: '10.0.0.9', proxyPort: 80 })
  })

  it('rejects with NOT_RUNNING for an exited container', async () => {
    await using memory = await openMemory()
    const id = await memory.runtime.createContainer({ image: 'busybox', command: ['true'] })
    await memory.runtime.startContainer(id)
    await memory.runtime.waitContainer(id)
    const failing = memory.firewalls.setupFirewall(id, { proxyHost: '10.0.0.9', proxyPort: 80 })
    await expect(failing).rejects.toMatchObject({ code: 'NOT_RUNNING', facts: { state: 'exited' } })
  })
})

/** Starts a proxy, another server, and a container that can connect to both. */
async function setUp(memory: OpenMemory) {
  const networkId = await memory.networks.createNetwork('n')
  const network = { mode: 'networks', networks: [{ networkId }] } as const
  const addresses: string[] = []
  for (const name of ['proxy', 'other']) {
    const server = await startServer(memory, { name, networks: [{ networkId }] })
    addresses.push((await memory.sidecars.inspectContainer(server)).networks[0]?.ipAddress ?? '')
  }
  const [proxy = '', other = ''] = addresses
  const id = await memory.runtime.createContainer({ image: 'busybox', network, command: ['sleep', '100'] })
  await memory.runtime.startContainer(id)
  return { id, network, proxy, other }
}

async function dial({ exec }: OpenMemory, id: string, host: string, port = 80) {
  const process = await exec.exec(id, ['nc', host, String(port)], { stdin: false })
  const stderr = new Collector()
  process.stdout.resume()
  process.stderr.pipe(stderr)
  return { exitCode: await process.exitCode, stderr: stderr.text }
}
