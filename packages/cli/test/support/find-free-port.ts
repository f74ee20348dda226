import { once } from 'node:events'
import { createServer } from 'node:net'

/** Returns a port that is free on all addresses of this machine. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port')
  return address.port
}
