import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import type { HostAddressOptions } from '@capstan/core/plugin'
import type { CaseContext } from '../case-context.js'

/** A TCP port of this machine that is in use until it is closed. */
export interface HeldPort {
  readonly port: number
  close(): Promise<void>
}

/** Listens at a free port; whoever connects gets the line. */
export async function holdPort({ address = '127.0.0.1', line = '' }: HoldOptions = {}): Promise<HeldPort> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.end(line)
  })
  server.listen(0, address)
  await once(server, 'listening')
  // Of a server that listens at a port, and not at a path, the address is an object.
  const { port } = server.address() as AddressInfo
  return { port, close: () => new Promise((resolve) => server.close(() => resolve())) }
}

export interface HoldOptions {
  /** Default: this machine alone. */
  readonly address?: string
  readonly line?: string
}

/** The address by which a container reaches this machine; `undefined` after the case was reported as absent. */
export async function findHostAddress(
  context: CaseContext,
  options: HostAddressOptions = {},
): Promise<string | undefined> {
  const { runtime, signal } = context
  const address = await runtime.getHostAddress({ signal, ...options })
  if (address === undefined) context.reportAbsent('getHostAddress', 'the runtime knows no address of this machine')
  return address
}

/** A port that is free now; others may be quicker than the case. */
export async function findFreePort(): Promise<number> {
  const held = await holdPort()
  await held.close()
  return held.port
}

/** Whether this machine has the address. */
export async function hasAddress(address: string): Promise<boolean> {
  const held = await holdPort({ address }).catch(() => undefined)
  await held?.close()
  return held !== undefined
}

/** What this machine's port sends until its end; empty where nobody answers. */
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
