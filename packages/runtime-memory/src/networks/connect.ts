import { once } from 'node:events'
import { connect as connectSocket, isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ContainerNetworking } from './container-networking.js'
import { isPermitted } from './egress-filter.js'
import type { NetworkNamespace } from './network-namespace.js'
import type { MemoryNetwork } from './network-store.js'

/**
 * Opens a connection to the container itself, to a container on the same networks, or, by the address of a gateway, to
 * this machine. With network mode `host`, opens a real connection to any host that this machine reaches.
 */
export async function connect(networking: ContainerNetworking, host: string, port: number): Promise<Duplex> {
  const { namespace } = networking
  if (networking.usesHostNetwork) return namespace.track(await connectToHost(host, port))
  const address = resolveHost(networking, host)
  if (address === undefined) {
    const isBlocked = namespace.firewall?.resolvesNames === false
    const reason = isBlocked ? 'the firewall of the container blocks DNS' : 'no container on its networks has this name'
    throw createNetworkError('ENOTFOUND', host, port, reason)
  }
  if (isLoopback(address)) return namespace.track(connectTo(namespace, host, port))
  if (namespace.firewall !== undefined && !isPermitted(namespace.firewall, address, port)) {
    throw createNetworkError('EACCES', host, port, 'the firewall of the container forbids the connection')
  }
  return namespace.track(await connectToAddress(networking, host, address, port), { address, port })
}

/** Resolves a host name from the container's view. Returns an address unchanged. */
export function resolveHost(networking: ContainerNetworking, host: string): string | undefined {
  if (isIP(host) !== 0) return host
  const { ownNames, extraHosts, networks, namespace } = networking
  if (host === 'localhost') return '127.0.0.1'
  const given = extraHosts[host]
  if (given !== undefined) return given === 'host-gateway' ? findGateway(networks) : given
  if (ownNames.includes(host)) return '127.0.0.1'
  if (namespace.firewall?.resolvesNames === false) return undefined
  const members = networks.flatMap((network) => [...network.members.values()])
  const found = members.filter(({ names }) => names.includes(host))
  // All tasks of a service have its name.
  return found[Math.floor(Math.random() * found.length)]?.ipAddress
}

/** Finds the address of this machine on the first network that is not internal. */
export function findGateway(networks: readonly MemoryNetwork[]): string | undefined {
  return networks.find(({ internal }) => !internal)?.gateway
}

function connectToAddress(
  { networks }: ContainerNetworking,
  host: string,
  address: string,
  port: number,
): Duplex | Promise<Duplex> {
  for (const { members, subnets, internal } of networks) {
    const member = [...members.values()].find((one) => one.ipAddress === address || one.ipv6Address === address)
    if (member !== undefined) return connectTo(member.namespace, host, port)
    const isGateway = subnets.some(({ gateway }) => gateway === address)
    if (isGateway && !internal) return connectToHost('127.0.0.1', port)
  }
  if (networks.length === 0) throw createNetworkError('ENETUNREACH', host, port, 'the container is on no network')
  const reason = 'no container on the same networks has this address, and simulated networks do not reach the internet'
  throw createNetworkError('EHOSTUNREACH', host, port, reason)
}

function connectTo(namespace: NetworkNamespace, host: string, port: number): Duplex {
  const connection = namespace.connect(port)
  if (connection === undefined) throw createNetworkError('ECONNREFUSED', host, port, 'no process listens on the port')
  return connection
}

/** Opens a real connection that does not keep the event loop running. */
async function connectToHost(host: string, port: number): Promise<Duplex> {
  const socket = connectSocket({ host, port, allowHalfOpen: true })
  // Users add their own listeners. Without any, an unhandled error would end this Node process.
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket.unref()
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1'
}

/** Creates an error as Node's sockets report it: `code` is the errno. */
function createNetworkError(code: string, host: string, port: number, reason: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`connect ${code} ${host}:${port}: ${reason}`), { code })
}
