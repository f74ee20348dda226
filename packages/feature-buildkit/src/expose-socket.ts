import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { isAbsolute, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createHostError, findTemporaryDirectory } from '@capstan/core'
import type { BuildKitManagers } from './buildkit-managers.js'
import { dialCommand } from './control/control-connection.js'

/** A socket of this machine behind which BuildKit answers. */
export interface ExposedSocket {
  /** `unix:///…` */
  readonly address: string
  /** Ends its connections, and waits for what they had in the sidecar. */
  close(): Promise<void>
}

/**
 * Each connection becomes one `buildctl dial-stdio` in the sidecar. For this user alone; without a path, in a directory
 * that only this user may enter.
 *
 * @throws HostError INVALID_ARGUMENT for a path that is not absolute; OPERATION_FAILED where there can be no socket, or something is there already.
 */
export async function exposeSocket(
  managers: BuildKitManagers,
  id: string,
  path: string | undefined,
): Promise<ExposedSocket> {
  checkPath(path)
  const directory = path === undefined ? await makeDirectory(managers) : undefined
  const socketPath = path ?? join(directory ?? '', 'buildkitd.sock')
  const bridges = new Map<Socket, Promise<void>>()
  const server = createServer({ allowHalfOpen: true }, (peer) => {
    bridges.set(
      peer,
      bridge(managers, id, peer).finally(() => bridges.delete(peer)),
    )
  })
  const close = async () => {
    for (const peer of bridges.keys()) peer.destroy()
    await Promise.all(bridges.values())
    await new Promise<void>((resolve) => server.close(() => resolve()))
    if (directory !== undefined) await rm(directory, { recursive: true, force: true })
  }
  try {
    await listen(server, socketPath)
    await chmod(socketPath, 0o600)
  } catch (cause) {
    await close()
    throw toSocketError(socketPath, cause)
  }
  return { address: `unix://${socketPath}`, close }
}

function makeDirectory({ env }: BuildKitManagers): Promise<string> {
  return mkdtemp(join(findTemporaryDirectory(env), 'capstan-buildkit-'))
}

/** Node takes a number for a port. */
function checkPath(path: string | undefined): void {
  if (path === undefined || (isAbsolute(path) && !path.includes('\0'))) return
  const given = JSON.stringify(path)
  throw createHostError('INVALID_ARGUMENT', { field: 'path', expected: 'an absolute path', given })
}

/** Both ways, the end of each handed on. */
async function bridge({ execs }: BuildKitManagers, id: string, peer: Socket): Promise<void> {
  peer.on('error', () => {})
  try {
    await using dialled = await execs.exec(id, dialCommand)
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

function toSocketError(subject: string, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return createHostError(
    'OPERATION_FAILED',
    { operation: 'exposeSocket', subject, status: undefined, reason },
    { cause },
  )
}
