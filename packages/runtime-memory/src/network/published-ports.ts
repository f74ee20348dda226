import { createServer, type Server, type Socket } from 'node:net'
import { createHostError, type PortBinding, type PortSpec } from '@capstan/core'
import type { NetworkSpace } from './network-space.js'

/** The ports of one running container that this machine serves. */
export interface PublishedPorts {
  readonly bindings: readonly PortBinding[]
  /** Idempotent; resolves when the ports are free again. */
  close(): Promise<void>
}

/** The containers that have published the port. */
export type FindUsers = (hostPort: number) => readonly string[]

/**
 * Really listens on this machine for each port, and hands what connects to whoever listens in the container.
 *
 * One that is taken: IN_USE, and none of the others stays. The servers keep nobody's event loop running.
 */
export async function publishPorts(
  specs: readonly PortSpec[],
  space: NetworkSpace,
  findUsers: FindUsers,
): Promise<PublishedPorts> {
  const servers: Server[] = []
  const close = async () => void (await Promise.all(servers.splice(0).map(closeServer)))
  try {
    const bindings: PortBinding[] = []
    for (const spec of specs) {
      const { server, binding } = await publish(spec, space, findUsers)
      servers.push(server)
      bindings.push(binding)
    }
    return { bindings, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function publish(
  { containerPort, hostPort = 0, hostAddress = '127.0.0.1' }: PortSpec,
  space: NetworkSpace,
  findUsers: FindUsers,
): Promise<{ readonly server: Server; readonly binding: PortBinding }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => accept(socket, space, containerPort))
  try {
    const port = await listen(server, hostPort, hostAddress)
    return { server, binding: { containerPort, hostPort: port, hostAddress, protocol: 'tcp' } }
  } catch (cause) {
    throw toPublishError(cause, `${hostAddress}:${hostPort}`, findUsers(hostPort))
  }
}

function accept(socket: Socket, space: NetworkSpace, port: number): void {
  socket.on('error', () => {})
  socket.unref()
  if (!space.accept(port, socket)) socket.resetAndDestroy()
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host, exclusive: true }, () => {
      server.off('error', reject)
      server.unref()
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}

function toPublishError(cause: unknown, endpoint: string, users: readonly string[]): unknown {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
  if (code === 'EADDRINUSE') return createHostError('IN_USE', { subject: `port ${endpoint}`, users }, { cause })
  const facts = { operation: 'publish', subject: `port ${endpoint}`, status: undefined, reason: code }
  return createHostError('OPERATION_FAILED', facts, { cause })
}
