import type { Duplex } from 'node:stream'
import { createConnectionPair } from './connection-pair.js'
import type { EgressFilter } from './egress-filter.js'

/** Handles a connection to a port. When it fails, only that connection is closed. */
export type ConnectionHandler = (connection: Duplex) => void | Promise<void>

/** The destination of an outgoing connection. */
export interface Destination {
  readonly address: string
  readonly port: number
}

/** The listening ports, open connections and egress filter of a running container. */
export class NetworkNamespace {
  /** The egress filter. `undefined` permits every destination. */
  firewall: EgressFilter | undefined
  readonly #listeners = new Map<number, ConnectionHandler>()
  readonly #open = new Set<Duplex>()
  readonly #outgoing = new Map<Duplex, Destination>()

  /** Listens on a port. The returned function stops listening. */
  listen(port: number, serve: ConnectionHandler): () => void {
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new RangeError(`port ${port} is not in 1…65535`)
    if (this.#listeners.has(port)) {
      throw Object.assign(new Error(`listen EADDRINUSE: port ${port} is in use`), { code: 'EADDRINUSE' })
    }
    this.#listeners.set(port, serve)
    return () => void (this.#listeners.get(port) === serve && this.#listeners.delete(port))
  }

  /** Opens a connection to a port; `undefined` when no process listens on it. */
  connect(port: number): Duplex | undefined {
    const serve = this.#listeners.get(port)
    if (serve === undefined) return undefined
    const [near, far] = createConnectionPair()
    this.#serve(serve, far)
    return near
  }

  /** Passes a connection from outside to the listener; `false` when no process listens on the port. */
  accept(port: number, connection: Duplex): boolean {
    const serve = this.#listeners.get(port)
    if (serve === undefined) return false
    this.#serve(serve, connection)
    return true
  }

  /** Destroys the connection when the container stops, unless it has closed before. */
  track(connection: Duplex): void {
    this.#open.add(connection)
    connection.once('close', () => this.#open.delete(connection))
  }

  /** Tracks an outgoing connection like `track`, together with its destination. */
  trackOutgoing(connection: Duplex, destination: Destination): void {
    this.track(connection)
    this.#outgoing.set(connection, destination)
    connection.once('close', () => this.#outgoing.delete(connection))
  }

  /** Destroys the outgoing connections to forbidden destinations. */
  destroyConnections(isForbidden: (destination: Destination) => boolean): void {
    for (const [connection, destination] of this.#outgoing) if (isForbidden(destination)) connection.destroy()
  }

  /** Stops listening and destroys all connections, when the container stops. */
  close(): void {
    this.#listeners.clear()
    for (const connection of this.#open) connection.destroy()
  }

  #serve(serve: ConnectionHandler, connection: Duplex): void {
    this.track(connection)
    // An error of a listener closes this connection only.
    new Promise<void>((resolve) => resolve(serve(connection))).catch((error) => connection.destroy(error))
  }
}
