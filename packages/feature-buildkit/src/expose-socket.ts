import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { BuildKitManagers } from './buildkit-managers.js'

/** A socket of this machine behind which BuildKit answers. */
export interface ExposedSocket {
  /** `unix:///…`, or a named pipe on Windows. */
  readonly address: string
  close(): Promise<void>
}

/** Each connection becomes one `buildctl dial-stdio` in the sidecar. Without a path: in a directory that only this user may enter. */
export async function exposeSocket(
  managers: BuildKitManagers,
  id: string,
  path: string | undefined,
): Promise<ExposedSocket> {
  const directory = path === undefined ? await mkdtemp(join(tmpdir(), 'capstan-buildkit-')) : undefined
  const socketPath = path ?? join(directory ?? '', 'buildkitd.sock')
  const peers = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (peer) => {
    peers.add(peer)
    void bridge(managers, id, peer).finally(() => peers.delete(peer))
  })
  await listen(server, socketPath)
  return {
    address: `unix://${socketPath}`,
    async close() {
      for (const peer of peers) peer.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
      if (directory !== undefined) await rm(directory, { recursive: true, force: true })
    },
  }
}

/** Both ways, the end of each handed on. */
async function bridge({ execs }: BuildKitManagers, id: string, peer: Socket): Promise<void> {
  peer.on('error', () => {})
  try {
    await using dialled = await execs.exec(id, ['buildctl', 'dial-stdio'])
    dialled.exitCode.catch(() => {})
    dialled.stderr.resume()
    await Promise.all([pipeline(peer, dialled.stdin), pipeline(dialled.stdout, peer)])
  } catch {
    peer.destroy() // which is what a peer sees of a daemon that went away
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
