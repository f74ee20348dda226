import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import type { HostAddressOptions } from '@capstan/core/plugin'
import type { CaseContext } from '../case-context.js'

/** Whether the engine runs on another machine than the kit: loopback addresses and paths for it are those of that machine. */
export function isElsewhere({ scope: { report } }: CaseContext): boolean {
  return report.available && report.location === 'elsewhere'
}

/** Listens on a free TCP port of this machine until the case ends, and sends the line to each client. */
export async function listenOnHost(context: CaseContext, options: ListenOptions = {}): Promise<number> {
  const { port, close } = await listen(options)
  context.defer('the listener', close)
  return port
}

export interface ListenOptions {
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
  if (address === undefined) {
    const reason = isElsewhere(context)
      ? 'the engine runs on another machine, and no address at which its containers reach this one is known'
      : 'the runtime does not know the address of this machine'
    context.reportAbsent('getHostAddress', reason)
  }
  return address
}

/** Finds a port that is free now; another process may take it before the case does. */
export async function findFreePort(): Promise<number> {
  const { port, close } = await listen()
  await close()
  return port
}

/** Returns whether this machine has the address. */
export async function hasAddress(address: string): Promise<boolean> {
  const listening = await listen({ address }).catch(() => undefined)
  await listening?.close()
  return listening !== undefined
}

async function listen({ address = '127.0.0.1', line = '' }: ListenOptions = {}) {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.end(line)
  })
  server.listen(0, address)
  await once(server, 'listening')
  // The address of a server that listens on a port is an object.
  const { port } = server.address() as AddressInfo
  return { port, close: () => new Promise<void>((resolve) => server.close(() => resolve())) }
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
