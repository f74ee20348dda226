import { describe, expect, it } from 'vitest'
import { Collector } from '../support/collect.js'
import { listObjects, noObjects, type OpenMemory, openMemory } from '../support/open-memory.js'
import { connect, startServer } from '../support/servers.js'

describe('networks', () => {
  it('are created, listed by label with the owner labels, and removed; removing a missing one resolves', async () => {
    await using memory = await openMemory()
    const { networks } = memory
    const id = await networks.createNetwork('inside', { internal: true, labels: { role: 'x' } })
    await networks.createNetwork('outside')
    expect(id).toMatch(/^[0-9a-f]{64}$/)
    const found = await networks.listNetworks({ labels: { role: 'x' } })
    expect(found).toMatchObject([
      { id, name: 'inside', internal: true, labels: { 'capstan.owner.pid': String(process.pid) } },
    ])
    for (const known of [id, id, 'outside', 'outside']) await networks.removeNetwork(known)
    expect(await listObjects(memory)).toEqual(noObjects)
  })

  it('rejects with NAME_CONFLICT for a name that exists', async () => {
    await using memory = await openMemory()
    const holderId = await memory.networks.createNetwork('n')
    await expect(memory.networks.createNetwork('n')).rejects.toMatchObject({
      code: 'NAME_CONFLICT',
      facts: { name: 'n', holderId, sameOwner: true },
    })
  })

  it('rejects with IN_USE while a container runs on the network', async () => {
    await using memory = await openMemory()
    const networkId = await memory.networks.createNetwork('n')
    const id = await startSleeping(memory, 'user', networkId)
    await expect(memory.networks.removeNetwork(networkId)).rejects.toMatchObject({
      code: 'IN_USE',
      facts: { users: ['user'] },
    })
    await memory.runtime.removeContainer(id)
    await memory.networks.removeNetwork(networkId)
  })

  it('rejects when all subnets are in use and names the networks of Capstan', async () => {
    await using memory = await openMemory()
    for (let index = 0; index < 255; index += 1) await memory.networks.createNetwork(`n${index}`)
    await expect(memory.networks.createNetwork('more')).rejects.toThrow(
      /255 belong to networks that Capstan created, such as n0, n1.*sweep/,
    )
    await memory.networks.removeNetwork('n7')
    await memory.networks.createNetwork('more')
  })

  it('connects and disconnects running containers, with a chosen address', async () => {
    await using memory = await openMemory()
    const { networks, runtime } = memory
    const networkId = await networks.createNetwork('n', { subnets: [{ cidr: '10.77.0.0/24' }], ipv6: true })
    const server = await startSleeping(memory, 'server', networkId)
    const client = await startSleeping(memory, 'client', 'default')
    await networks.connectContainer('n', client, { ipAddress: '10.77.0.9' })
    const { members } = await networks.inspectNetwork('n')
    expect(members.map(({ containerName, ipAddress }) => [containerName, ipAddress])).toEqual([
      ['server', '10.77.0.2'],
      ['client', '10.77.0.9'],
    ])
    for (const id of [client, server]) {
      await networks.disconnectContainer('n', id)
      expect((await runtime.inspectContainer(id)).networks.map(({ networkName }) => networkName)).not.toContain('n')
    }
    await networks.removeNetwork('n')
  })

  it('rejects with OPTION_UNSUPPORTED for options that the plugin lists as unsupported', async () => {
    const fields = [
      'networks.connect',
      'networks.gateway',
      'networks.subnets',
      'networks.ipv6',
      'network.ipAddress',
    ] as const
    await using memory = await openMemory({ unsupportedOptions: fields })
    const { networks, runtime } = memory
    const [cidr, gateway] = ['10.77.0.0/24', '10.77.0.9']
    const network = { mode: 'networks', networks: [{ networkId: 'n', ipAddress: gateway }] } as const
    const calls: Readonly<Record<(typeof fields)[number], () => Promise<unknown>>> = {
      'networks.connect': () => networks.connectContainer('n', 'c'),
      'networks.gateway': () => networks.createNetwork('n', { subnets: [{ cidr, gateway }] }),
      'networks.subnets': () => networks.createNetwork('n', { subnets: [{ cidr }] }),
      'networks.ipv6': () => networks.createNetwork('n', { ipv6: true }),
      'network.ipAddress': () => runtime.createContainer({ image: 'busybox', network }),
    }
    for (const field of fields) {
      await expect(calls[field](), field).rejects.toMatchObject({ code: 'OPTION_UNSUPPORTED', facts: { field } })
    }
  })

  it('rejects with NETWORK_NOT_FOUND for a missing network and creates no container', async () => {
    await using memory = await openMemory()
    const network = { mode: 'networks', networks: [{ networkId: 'none' }] } as const
    const missing = { code: 'NETWORK_NOT_FOUND', facts: { id: 'none' } }
    await expect(memory.runtime.createContainer({ image: 'busybox', network })).rejects.toMatchObject(missing)
    await expect(
      memory.sidecars.startSidecar({ name: 's', image: 'busybox', networks: network.networks }),
    ).rejects.toMatchObject(missing)
    expect(await listObjects(memory)).toEqual(noObjects)
  })

  it('rejects the removal of the default network', async () => {
    await using memory = await openMemory()
    await expect(memory.networks.removeNetwork('bridge')).rejects.toMatchObject({ code: 'OPERATION_FAILED' })
  })
})

describe('a container on a network', () => {
  it('reaches containers on its network by name, alias, short id and address, and no others', async () => {
    await using memory = await openMemory()
    const { networks, sidecars } = memory
    const networkId = await networks.createNetwork('shared')
    const serverId = await startServer(memory, { name: 'server', networks: [{ networkId, aliases: ['db'] }] })
    const { networks: attached } = await sidecars.inspectContainer(serverId)
    const address = attached[0]?.ipAddress ?? ''
    expect(attached).toMatchObject([{ networkId, networkName: 'shared', gateway: expect.any(String), aliases: ['db'] }])
    const network = { mode: 'networks', networks: [{ networkId }] } as const
    for (const host of ['server', 'db', serverId.slice(0, 12), address]) {
      expect(await connect(memory, host, { network })).toEqual({ exitCode: 0, stdout: 'hello\n', stderr: '' })
    }
    expect((await connect(memory, 'db', {})).stderr).toContain('ENOTFOUND')
    expect((await connect(memory, address, {})).stderr).toContain('EHOSTUNREACH')
    expect((await connect(memory, 'db', { network }, 81)).stderr).toContain('ECONNREFUSED')
    expect((await connect(memory, address, { network: { mode: 'none' } })).stderr).toContain('ENETUNREACH')
  })

  it('reaches containers on the default network by address but not by name', async () => {
    await using memory = await openMemory()
    const serverId = await startServer(memory, { name: 'server' })
    const { networks } = await memory.sidecars.inspectContainer(serverId)
    expect((await connect(memory, 'server', {})).stderr).toContain('ENOTFOUND')
    expect((await connect(memory, networks[0]?.ipAddress ?? '', {})).stdout).toBe('hello\n')
  })

  it('reaches itself by its own name', async () => {
    await using memory = await openMemory()
    const id = await startServer(memory, { name: 'server', hostname: 'me' })
    for (const host of ['localhost', '127.0.0.1', 'me']) {
      const process = await memory.exec.exec(id, ['nc', host, '80'], { stdin: false })
      const stdout = new Collector()
      process.stdout.pipe(stdout)
      expect(await process.exitCode).toBe(0)
      expect(stdout.text).toBe('hello\n')
    }
  })

  it('has an address on each of several networks', async () => {
    await using memory = await openMemory()
    const inside = await memory.networks.createNetwork('inside', { internal: true })
    const outside = await memory.networks.createNetwork('outside')
    await startServer(memory, { name: 'one', networks: [{ networkId: inside }] })
    await startServer(memory, { name: 'other', networks: [{ networkId: outside }] })
    const network = { mode: 'networks', networks: [{ networkId: inside }, { networkId: outside }] } as const
    for (const host of ['one', 'other']) expect((await connect(memory, host, { network })).stdout).toBe('hello\n')
  })

  it('has an address only while it runs', async () => {
    await using memory = await openMemory()
    const id = await startServer(memory, { name: 'server' })
    const running = await memory.sidecars.inspectContainer(id)
    await memory.runtime.stopContainer(id)
    const stopped = await memory.sidecars.inspectContainer(id)
    expect(running.networks[0]?.ipAddress).toMatch(/^10\.0\./)
    expect(stopped.networks).toMatchObject([{ networkName: 'bridge', ipAddress: undefined, gateway: undefined }])
  })

  it('does not start after its network was removed', async () => {
    await using memory = await openMemory()
    const networkId = await memory.networks.createNetwork('n')
    const network = { mode: 'networks', networks: [{ networkId }] } as const
    const id = await memory.runtime.createContainer({ image: 'busybox', network })
    await memory.networks.removeNetwork(networkId)
    await expect(memory.runtime.startContainer(id)).rejects.toMatchObject({ code: 'NETWORK_NOT_FOUND' })
    expect(await memory.runtime.containerState(id)).toBe('created')
  })

  it('closes its connections when it stops', async () => {
    await using memory = await openMemory()
    const networkId = await memory.networks.createNetwork('n')
    const network = { mode: 'networks', networks: [{ networkId }] } as const
    const id = await startServer(memory, {
      name: 'server',
      networks: [{ networkId }],
      command: ['nc', '-lk', '-p', '80', '-e', 'sh', '-c', 'echo hello; sleep 100'],
    })
    const client = await memory.runtime.createContainer({
      image: 'busybox',
      network,
      command: ['nc', 'server', '80'],
      interactive: true,
    })
    const stdout = new Collector()
    const running = memory.runtime.startAttached(client, { stdout })
    await stdout.until('hello')
    await memory.runtime.stopContainer(id)
    expect(await running).not.toBe(137)
  })
})

async function startSleeping({ runtime }: OpenMemory, name: string, networkId: string) {
  const network = { mode: 'networks', networks: [{ networkId }] } as const
  const id = await runtime.createContainer({ image: 'busybox', name, command: ['sleep', '100'], network })
  await runtime.startContainer(id)
  return id
}
