import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import type { HostAddressOptions } from '@capstan/core/plugin'
import type { CaseContext } from '../case-context.js'

/** A TCP port of this machine that is in use until `close`. */
export interface HeldPort {
  readonly port: number
  close(): Promise<void>
}

/** Listens on a free port and sends the line to each client. */
export async function holdPort({ address = '127.0.0.1', line = '' }: HoldOptions = {}): Promise<HeldPort> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.end(line)
  })
  server.listen(0, address)
  await once(server, 'listening')
  // The address of a server that listens on a port is an object.
  const { port } = server.address() as AddressInfo
  return { port, close: () => new Promise((resolve) => server.close(() => resolve())) }
}

export interface HoldOptions {
  /** Default: `127.0.0.1`. */
  readonly address?: string
  readonly line?: string
}

/** Finds the address at which a container reaches this machine. Reports the case as absent when there is none. */
export async function findHostAddress(
  context: CaseContext,
  options: HostAddressOptions = {},
): Promise<string | undefined> {
  const { runtime, signal } = context
  const address = await runtime.getHostAddress({ signal, ...options })
  if (address === undefined)
    context.reportAbsent('getHostAddress', 'the runtime does not know the address of this machine')
  return address
}

/** Finds a port that is free now; another process may take it before the case does. */
export async function findFreePort(): Promise<number> {
  const held = await holdPort()
  await held.close()
  return held.port
}

/** Returns whether this machine has the address. */
export async function hasAddress(address: string): Promise<boolean> {
  const held = await holdPort({ address }).catch(() => undefined)
  await held?.close()
  return held !== undefined
}

/** Reads from a port of this machine until the connection ends. Empty when the port does not accept. */
export function readFromPort(port: number, host = '127.0.0.1'): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect({ port, host })
    socket.setTimeout(2000, () => socket.destroy())
    socket.on('data', (chunk) => {
      text += chunk.toString('utf8')
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(text))
  })
}
