import { connect } from 'node:net'
import { checkInteger } from '@capstan/core/plugin'
import { findPublishedAddress, type PublishedAddress } from './published-address.js'
import { retry, type WaitStrategy } from './wait-strategy.js'

/**
 * Waits until a published TCP port of a container accepts connections.
 *
 * A connection counts when it receives data or remains open for 200 ms. An engine's port proxy accepts connections
 * before the container does, and closes them at once.
 */
export function portOpen(containerPort: number, { host }: PortOpenOptions = {}): WaitStrategy {
  checkInteger('containerPort', containerPort, { min: 1, max: 65_535 })
  return {
    title: `port ${containerPort} open`,
    wait: async (context) =>
      await retry(context, async () => {
        const address = await findPublishedAddress(context, { containerPort, host })
        return address === undefined ? 'the container is not running' : await tryPort(address, context.signal)
      }),
  }
}

/** Options of `portOpen`. */
export interface PortOpenOptions {
  /**
   * The name or address of the engine's machine. Default: the address at which the port is published, and `portHost` of the runtime
   * for `0.0.0.0` and `::`. For an engine on another machine, publish the port on an address that this machine reaches, such as
   * `0.0.0.0`: the default of `hostAddress` is a loopback address.
   */
  readonly host?: string
}

/** Resolves with `undefined` if a connection remains open, else with the reason. */
function tryPort({ host, port }: PublishedAddress, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const settle = (problem: string | undefined) => {
      signal.removeEventListener('abort', abort)
      clearTimeout(timer)
      socket.destroy()
      resolve(problem)
    }
    const abort = () => settle('aborted')
    let timer = setTimeout(() => settle(`${host}:${port} did not answer within 5 s`), attemptMs)
    signal.addEventListener('abort', abort, { once: true })
    socket.on('error', ({ message }) => settle(message))
    socket.on('data', () => settle(undefined))
    socket.on('end', () => settle(`${host}:${port} closed the connection`))
    socket.on('close', () => settle(`${host}:${port} closed the connection`))
    socket.on('connect', () => {
      clearTimeout(timer)
      timer = setTimeout(() => settle(undefined), settleMs)
    })
  })
}

const attemptMs = 5_000
const settleMs = 200
