import { once } from 'node:events'
import { connect, createServer } from 'node:net'

/**
 * Finds a port of an address of this machine that is free now; another process may take it later.
 *
 * @param {string} [host] default: 127.0.0.1
 * @returns {Promise<number>}
 */
export async function findFreePort(host = '127.0.0.1') {
  const server = createServer().listen(0, host)
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port')
  return address.port
}

/**
 * Whether a connection to a port succeeds.
 *
 * @param {number} port
 * @param {string} [host] default: 127.0.0.1
 */
export async function isListening(port, host = '127.0.0.1') {
  const socket = connect(port, host)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
