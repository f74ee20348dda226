import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import type { PortSpec } from '@capstan/core'
import { createHostError, type PortBinding } from '@capstan/core/plugin'
import type { NetworkNamespace } from './network-namespace.js'

/** The ports of one running container that are open on this machine. */
export interface PublishedPorts {
  readonly bindings: readonly PortBinding[]
  /** Closes the ports and resolves when they are free. Idempotent. */
  close(): Promise<void>
}

/** Returns the names of the containers that publish a port of this machine. */
export type FindPublishers = (hostPort: number) => readonly string[]

/**
 * Listens on this machine for each port and passes connections to the listener in the container.
 *
 * When a port is in use, it rejects with IN_USE and closes the others. The servers do not keep the event loop running.
 */
export async function publishPorts(
  specs: readonly PortSpec[],
  namespace: Pick<NetworkNamespace, 'accept'>,
  findPublishers: FindPublishers,
): Promise<PublishedPorts> {
  const servers: Server[] = []
  const close = async () => void (await Promise.all(servers.splice(0).map((server) => once(server.close(), 'close'))))
  try {
    const bindings: PortBinding[] = []
    for (const spec of specs) {
      const published = await publish(spec, namespace, findPublishers)
      servers.push(published.server)
      bindings.push(...published.bindings)
    }
    return { bindings, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function publish(
  { containerPort, hostPort = 0, hostAddress = '127.0.0.1' }: PortSpec,
  namespace: Pick<NetworkNamespace, 'accept'>,
  findPublishers: FindPublishers,
): Promise<{ readonly server: Server; readonly bindings: readonly PortBinding[] }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => accept(socket, namespace, containerPort))
  try {
    const { port, addresses } = await listen(server, hostPort, hostAddress)
    const binding = { containerPort, hostPort: port, protocol: 'tcp' } as const
    return { server, bindings: addresses.map((address) => ({ ...binding, hostAddress: address })) }
  } catch (cause) {
    throw toPublishError(cause, `${hostAddress}:${hostPort}`, findPublishers(hostPort))
  }
}

function accept(socket: Socket, namespace: Pick<NetworkNamespace, 'accept'>, port: number): void {
  socket.on('error', () => {})
  socket.unref()
  if (!namespace.accept(port, socket)) socket.resetAndDestroy()
}

async function listen(server: Server, port: number, hostAddress: string) {
  server.listen({ port, exclusive: true, ...(hostAddress !== 'any' && { host: hostAddress }) })
  await once(server, 'listening')
  server.unref()
  const address = server.address()
  // An address is a text for Unix sockets, and `null` for a server that has been closed.
  if (typeof address !== 'object' || address === null) return { port, addresses: [hostAddress] }
  // Without a host, Node listens on `::` for both families, and on `0.0.0.0` where the machine has no IPv6.
  const any = address.family === 'IPv6' ? ['0.0.0.0', '::'] : ['0.0.0.0']
  return { port: address.port, addresses: hostAddress === 'any' ? any : [hostAddress] }
}

function toPublishError(cause: unknown, endpoint: string, users: readonly string[]): unknown {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
  if (code === 'EADDRINUSE') return createHostError('IN_USE', { subject: `port ${endpoint}`, users }, { cause })
  const reason = `it cannot be opened (${code})`
  const facts = { operation: 'startContainer', subject: `port ${endpoint}`, status: undefined, reason }
  return createHostError('OPERATION_FAILED', facts, { cause })
}
