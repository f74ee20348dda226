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
  /** The open connections. Those to which the egress filter applies have a destination. */
  readonly #connections = new Map<Duplex, Destination | undefined>()

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
    const [near, far] = createConnectionPair()
    return this.accept(port, far) ? near : undefined
  }

  /** Passes a connection to the listener; `false` when no process listens on the port. */
  accept(port: number, connection: Duplex): boolean {
    const serve = this.#listeners.get(port)
    if (serve === undefined) return false
    this.track(connection)
    // An error of a listener closes this connection only.
    new Promise<void>((resolve) => resolve(serve(connection))).catch((error) => connection.destroy(error))
    return true
  }

  /** Returns the connection, and destroys it when the container stops. The egress filter applies to a `destination`. */
  track(connection: Duplex, destination?: Destination): Duplex {
    this.#connections.set(connection, destination)
    return connection.once('close', () => this.#connections.delete(connection))
  }

  /** Destroys the connections to forbidden destinations. */
  destroyConnections(isForbidden: (destination: Destination) => boolean): void {
    for (const [connection, destination] of this.#connections) {
      if (destination !== undefined && isForbidden(destination)) connection.destroy()
    }
  }

  /** Stops listening and destroys all connections, when the container stops. */
  close(): void {
    this.#listeners.clear()
    for (const connection of this.#connections.keys()) connection.destroy()
  }
}
