import { readFile } from 'node:fs/promises'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { makeCertificates } from '../../../../tools/engine/certificates.mjs'

/** A TLS server in front of a socket, which requires a client certificate as dockerd does with --tlsverify. */
export interface TlsProxy extends AsyncDisposable {
  readonly address: AddressInfo
}

/** Makes the certificates of the server and its clients in a directory, and starts the server. */
export async function startTlsProxy(directory: string, socketPath: string): Promise<TlsProxy> {
  makeCertificates(directory)
  const names = ['server.pem', 'server-key.pem', 'ca.pem']
  const [cert, key, ca] = await Promise.all(names.map((name) => readFile(join(directory, name))))
  const sockets = new Set<Socket>()
  const server = createServer({ cert, key, ca, requestCert: true, allowHalfOpen: true }, (socket) => {
    const inner = connect({ path: socketPath, allowHalfOpen: true })
    for (const end of [socket, inner]) sockets.add(end.on('error', () => {}))
    socket.pipe(inner).pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: server.address() as AddressInfo,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
