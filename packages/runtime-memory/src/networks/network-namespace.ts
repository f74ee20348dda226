import type { Duplex } from 'node:stream'
import type { EgressFilter } from './egress-filter.js'
import { createPeerPair } from './peer-pair.js'

/** Gets each connection to a port. One that fails loses its peer, and nothing else. */
export type ConnectionHandler = (peer: Duplex) => void | Promise<void>

/** Where a connection out of a container leads. */
export interface Destination {
  readonly address: string
  readonly port: number
}

/** What a running container has of its own on the network: ports that its processes listen on, and open connections. */
export class NetworkNamespace {
  /** What it may reach; everything while there is none. */
  firewall: EgressFilter | undefined
  readonly #listeners = new Map<number, ConnectionHandler>()
  readonly #open = new Set<Duplex>()
  readonly #outgoing = new Map<Duplex, Destination>()

  /** Serves the port until the function that it returns is called. */
  listen(port: number, serve: ConnectionHandler): () => void {
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new RangeError(`port ${port} is not in 1…65535`)
    if (this.#listeners.has(port)) {
      throw Object.assign(new Error(`listen EADDRINUSE: port ${port} is taken`), { code: 'EADDRINUSE' })
    }
    this.#listeners.set(port, serve)
    return () => void (this.#listeners.get(port) === serve && this.#listeners.delete(port))
  }

  /** The near end of a new connection to the port; `undefined` where nobody listens. */
  connect(port: number): Duplex | undefined {
    const serve = this.#listeners.get(port)
    if (serve === undefined) return undefined
    const [near, far] = createPeerPair()
    this.#serve(serve, far)
    return near
  }

  /** Hands a connection from outside to the listener; false where nobody listens. */
  accept(port: number, peer: Duplex): boolean {
    const serve = this.#listeners.get(port)
    if (serve === undefined) return false
    this.#serve(serve, peer)
    return true
  }

  /** Destroys the connection, at the latest, when the container stops. */
  track(peer: Duplex): void {
    this.#open.add(peer)
    peer.once('close', () => this.#open.delete(peer))
  }

  /** As `keep`, for a connection out of the container. */
  trackOutgoing(peer: Duplex, destination: Destination): void {
    this.track(peer)
    this.#outgoing.set(peer, destination)
    peer.once('close', () => this.#outgoing.delete(peer))
  }

  /** Destroys the connections out of the container whose destination is one of those. */
  destroyConnections(isForbidden: (destination: Destination) => boolean): void {
    for (const [peer, destination] of this.#outgoing) if (isForbidden(destination)) peer.destroy()
  }

  close(): void {
    this.#listeners.clear()
    for (const peer of this.#open) peer.destroy()
  }

  #serve(serve: ConnectionHandler, peer: Duplex): void {
    this.track(peer)
    // A listener that throws loses this connection, and nothing else.
    new Promise<void>((resolve) => resolve(serve(peer))).catch((error) => peer.destroy(error))
  }
}
