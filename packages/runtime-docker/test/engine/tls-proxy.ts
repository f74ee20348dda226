import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'

/** A TLS server in front of a socket, which requires a client certificate as dockerd does with --tlsverify. */
export interface TlsProxy extends AsyncDisposable {
  readonly address: AddressInfo
}

/** Creates `ca.pem`, `cert.pem` and `key.pem` for 127.0.0.1 in a directory, for the server and its clients, and starts the server. */
export async function startTlsProxy(directory: string, socketPath: string): Promise<TlsProxy> {
  const file = (name: string) => join(directory, name)
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
  const files = ['-keyout', file('key.pem'), '-out', file('cert.pem')]
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...files, ...subject], {
    stdio: 'ignore',
  })
  execFileSync('cp', [file('cert.pem'), file('ca.pem')])
  const [cert, key] = await Promise.all([readFile(file('cert.pem')), readFile(file('key.pem'))])
  const sockets = new Set<Socket>()
  const server = createServer({ cert, key, ca: cert, requestCert: true, allowHalfOpen: true }, (socket) => {
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
