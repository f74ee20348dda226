import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import type { PortSpec } from '@capstan/core'

/** Fills in a port that is free for TCP, also for UDP, if none was requested. Another process may take it before the start. */
export async function fillPorts(ports: readonly PortSpec[]): Promise<readonly PortSpec[]> {
  const taken = new Set(ports.map(({ hostPort }) => hostPort))
  const filled: PortSpec[] = []
  for (const port of ports) {
    const hostPort = port.hostPort ?? (await findFreePort(port.hostAddress ?? '127.0.0.1', taken))
    taken.add(hostPort)
    filled.push({ ...port, hostPort })
  }
  return filled
}

/** Finds the first port that is in use. */
export async function findTakenPort(ports: readonly PortSpec[]): Promise<PortSpec | undefined> {
  for (const port of ports) {
    const { hostPort, hostAddress = '127.0.0.1', protocol = 'tcp' } = port
    if (protocol === 'tcp' && hostPort !== undefined && !(await isFree(hostAddress, hostPort))) return port
  }
  return undefined
}

async function findFreePort(address: string, taken: ReadonlySet<number | undefined>): Promise<number> {
  for (;;) {
    const server = createServer().listen({ ...toHost(address), port: 0, exclusive: true })
    await once(server, 'listening')
    // The address of a server that listens on a port, not on a path, is an object.
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    if (!taken.has(port)) return port
  }
}

async function isFree(address: string, port: number): Promise<boolean> {
  const server = createServer().listen({ ...toHost(address), port, exclusive: true })
  try {
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}

/** Without a host, Node listens on all addresses of IPv4 and IPv6. */
function toHost(address: string): { readonly host?: string } {
  return address === 'any' ? {} : { host: address }
}
