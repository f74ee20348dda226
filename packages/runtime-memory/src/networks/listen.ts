import { createServer } from 'node:net'
import type { Origin } from './connect.js'
import type { ConnectionHandler } from './network-namespace.js'

/** What is served, and who hears when it cannot be. */
export interface Listening {
  readonly port: number
  readonly serve: ConnectionHandler
  /** For a port of this machine, which turns out to be taken only later. */
  readonly onError: (error: Error) => void
}

/** Listens on a port of the container, or of this machine's loopback in network mode `host`; until what it returns is called. */
export function listen({ isHost, namespace }: Origin, { port, serve, onError }: Listening): () => void {
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
