import { createServer } from 'node:net'
import type { ContainerNetworking } from './container-networking.js'
import type { ConnectionHandler } from './network-namespace.js'

/** Options of `listen`. */
export interface Listening {
  readonly port: number
  readonly serve: ConnectionHandler
  /** Called when the port turns out to be in use, which `listen` on this machine reports later. */
  readonly onError: (error: Error) => void
}

/** Listens on a port of the container, with network mode `host` on that of this machine. Returns how to stop. */
export function listen({ isHost, namespace }: ContainerNetworking, { port, serve, onError }: Listening): () => void {
  const stop = namespace.listen(port, serve)
  if (!isHost) return stop
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
