import { createServer } from 'node:net'
import type { ContainerNetworking } from './container-networking.js'
import type { ConnectionHandler } from './network-namespace.js'

/** Options of `listen`. */
export interface ListenOptions {
  readonly port: number
  readonly serve: ConnectionHandler
  /** Called when network mode `host` cannot listen on this machine. Node reports this after `listen` has returned. */
  readonly onError: (error: Error) => void
}

/**
 * Listens on a port of the container and, with network mode `host`, on the same port of 127.0.0.1 on this machine.
 * Returns a function that stops listening.
 */
export function listen(
  { usesHostNetwork, namespace }: ContainerNetworking,
  { port, serve, onError }: ListenOptions,
): () => void {
  const stop = namespace.listen(port, serve)
  if (!usesHostNetwork) return stop
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    if (!namespace.accept(port, socket.unref())) socket.destroy()
  })
  server.once('error', onError)
  server.listen({ port, host: '127.0.0.1', exclusive: true }).unref()
  return () => {
    stop()
    server.close()
  }
}
