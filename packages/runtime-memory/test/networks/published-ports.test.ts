import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import { runToEnd } from '../support/collect.js'
import { openMemory } from '../support/open-memory.js'
import { startServer } from '../support/servers.js'

const sockets: Socket[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
})

describe('a published port', () => {
  it('listens on a port that this machine has chosen and connects to the listener in the container', async () => {
    await using memory = await openMemory()
    const id = await startServer(memory, { name: 'server', ports: [{ containerPort: 80 }, { containerPort: 81 }] })
    const bindings = await memory.runtime.getPortBindings(id)
    expect([...bindings.keys()].sort()).toEqual([80, 81])
    expect(await text(dial(bindings.get(80)))).toBe('hello\n')
    const { ports } = await memory.sidecars.inspectContainer(id)
    expect(ports[0]).toEqual({
      containerPort: 80,
      hostPort: bindings.get(80),
      hostAddress: '127.0.0.1',
      protocol: 'tcp',
    })
    await memory.runtime.stopContainer(id)
    expect(await memory.runtime.getPortBindings(id)).toEqual(new Map())
    const [error] = await once(dial(bindings.get(80)), 'error')
    expect(error).toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('resets connections when no process listens in the container', async () => {
    await using memory = await openMemory()
    const id = await startServer(memory, { name: 'server', ports: [{ containerPort: 81 }] })
    const [error] = await once(dial((await memory.runtime.getPortBindings(id)).get(81)), 'error')
    expect(error).toMatchObject({ code: 'ECONNRESET' })
  })

  it('rejects the start with IN_USE and the container that has published the port', async () => {
    await using memory = await openMemory()
    const holder = await startServer(memory, { name: 'holder', ports: [{ containerPort: 80 }] })
    const hostPort = (await memory.runtime.getPortBindings(holder)).get(80) ?? 0
    const ports = [{ containerPort: 81 }, { containerPort: 80, hostPort }]
    const id = await memory.runtime.createContainer({ image: 'busybox', ports })
    await expect(memory.runtime.startContainer(id)).rejects.toMatchObject({
      code: 'IN_USE',
      facts: { subject: `port 127.0.0.1:${hostPort}`, users: ['holder'] },
    })
    expect(await memory.runtime.containerState(id)).toBe('created')
    await memory.runtime.removeContainer(holder)
    await memory.runtime.startContainer(id)
  })

  it('forwards a half-close', async () => {
    await using memory = await openMemory()
    const command = ['nc', '-lk', '-p', '80', '-e', 'wc', '-c']
    const id = await startServer(memory, { name: 'server', command, ports: [{ containerPort: 80 }] })
    const socket = dial((await memory.runtime.getPortBindings(id)).get(80))
    socket.end('abc')
    expect(await text(socket)).toBe('3\n')
  })

  it('is free after the removal of the container', async () => {
    await using memory = await openMemory()
    const id = await startServer(memory, { name: 'server', ports: [{ containerPort: 80 }] })
    const port = (await memory.runtime.getPortBindings(id)).get(80)
    await memory.runtime.removeContainer(id)
    const [error] = await once(dial(port), 'error')
    expect(error).toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('is rejected with OPTION_UNSUPPORTED when all networks are internal', async () => {
    await using memory = await openMemory()
    const networkId = await memory.networks.createNetwork('inside', { internal: true })
    const sidecar = { name: 's', image: 'busybox', networks: [{ networkId }], ports: [{ containerPort: 80 }] }
    await expect(memory.sidecars.startSidecar(sidecar)).rejects.toMatchObject({
      code: 'OPTION_UNSUPPORTED',
      facts: { field: 'ports' },
    })
  })
})

describe('this machine', () => {
  it('is reached at the address of getHostAddress and by host-gateway', async () => {
    await using memory = await openMemory()
    await using server = await listen('machine\n')
    const address = (await memory.runtime.getHostAddress()) ?? ''
    const networkId = await memory.networks.createNetwork('n')
    const gateway = (await memory.runtime.getHostAddress({ networkId })) ?? ''
    expect(gateway).not.toBe(address)
    const dialled = (host: string, config: object) =>
      runToEnd(memory.runtime, { image: 'busybox', command: ['nc', host, String(server.port)], ...config })
    expect((await dialled(address, {})).stdout).toBe('machine\n')
    const extraHosts = { machine: 'host-gateway' }
    const network = { mode: 'networks', networks: [{ networkId }] }
    expect((await dialled('machine', { extraHosts, network })).stdout).toBe('machine\n')
    expect((await dialled(gateway, { network })).stdout).toBe('machine\n')
  })

  it('is not reached from an internal network', async () => {
    await using memory = await openMemory()
    const networkId = await memory.networks.createNetwork('inside', { internal: true })
    await expect(memory.runtime.getHostAddress({ networkId })).resolves.toBeUndefined()
    await expect(memory.runtime.getHostAddress({ networkId: 'none' })).rejects.toMatchObject({
      code: 'NETWORK_NOT_FOUND',
    })
  })

  it('is the network of a container with network mode host', async () => {
    await using memory = await openMemory()
    await using server = await listen('machine\n')
    const network = { mode: 'host' } as const
    const command = ['nc', 'localhost', String(server.port)]
    expect((await runToEnd(memory.runtime, { image: 'busybox', network, command })).stdout).toBe('machine\n')
    expect(memory.runtime.supportsHostNetwork()).toBe(true)
    const taken = ['sh', '-c', `nc -lk -p ${server.port} -e echo hi`]
    const id = await memory.runtime.createContainer({ image: 'busybox', network, command: taken })
    await memory.runtime.startContainer(id)
    for await (const { bytes } of await memory.runtime.containerLogs(id, { follow: true })) {
      expect(Buffer.from(bytes).toString()).toContain('EADDRINUSE')
      break
    }
  })

  it('opens the ports of a container with network mode host', async () => {
    await using memory = await openMemory()
    const port = await findFreePort()
    const command = ['sh', '-c', `echo ready; nc -lk -p ${port} -e echo hi`]
    const id = await memory.runtime.createContainer({ image: 'busybox', network: { mode: 'host' }, command })
    await memory.runtime.startContainer(id)
    expect(await untilServed(port)).toBe('hi\n')
    await memory.runtime.removeContainer(id)
  })
})

function dial(port: number | undefined): Socket {
  const socket = connect({ host: '127.0.0.1', port: port ?? 0, allowHalfOpen: true })
  sockets.push(socket)
  return socket
}

async function listen(answer: string) {
  const server = createServer((socket) => socket.on('error', () => {}).end(answer))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { port, [Symbol.asyncDispose]: async () => void (await once(server.close(), 'close')) }
}

async function findFreePort(): Promise<number> {
  await using server = await listen('')
  return server.port
}

/** Connects until the server listens, and resolves with what it sends. */
async function untilServed(port: number): Promise<string> {
  for (;;) {
    const socket = dial(port)
    const [event] = await Promise.race([once(socket, 'connect').then(() => ['connect']), once(socket, 'error')])
    if (event === 'connect') return await text(socket)
  }
}
