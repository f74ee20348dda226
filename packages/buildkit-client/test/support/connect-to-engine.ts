import { request } from 'node:http'
import type { Duplex } from 'node:stream'

/** Connects to the BuildKit of an engine. Bytes of HTTP/2 can arrive together with the answer to the upgrade. */
export function connectToEngine(socketPath: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const headers = { Connection: 'Upgrade', Upgrade: 'h2c' }
    request({ socketPath, path: '/grpc', method: 'POST', headers })
      .on('upgrade', (_, socket, head) => {
        if (head.length > 0) socket.unshift(head)
        resolve(socket)
      })
      .on('response', ({ statusCode }) => reject(new Error(`the engine has refused the upgrade: ${statusCode}`)))
      .on('error', reject)
      .end()
  })
}
