import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { isAbsolute, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createHostError, findTemporaryDirectory } from '@capstan/core/plugin'
import type { BuildKitManagers } from '../buildkit-needs.js'
import { dialStdioCommand } from '../control/control-connection.js'

/** A local unix socket that is connected to BuildKit. */
export interface ExposedSocket {
  /** `unix:///…` */
  readonly address: string
  /** Ends the connections, and waits until their processes in the sidecar have ended. */
  close(): Promise<void>
}

/**
 * Creates a socket that only this user can use. Each connection starts one `buildctl dial-stdio` in the sidecar. The default
 * path is in a new directory that only this user can enter.
 *
 * @throws HostError INVALID_ARGUMENT when the path is not absolute, OPERATION_FAILED when the socket cannot be created or the
 * path exists.
 */
export async function exposeSocket(
  managers: BuildKitManagers,
  id: string,
  path: string | undefined,
): Promise<ExposedSocket> {
  checkPath(path)
  const directory = path === undefined ? await createDirectory(findTemporaryDirectory(managers.env)) : undefined
  const socketPath = path ?? join(directory ?? '', 'buildkitd.sock')
  const connections = new Map<Socket, Promise<void>>()
  const server = createServer({ allowHalfOpen: true }, (peer) => {
    connections.set(
      peer,
      serve(managers, id, peer).finally(() => connections.delete(peer)),
    )
  })
  const close = async () => {
    for (const peer of connections.keys()) peer.destroy()
    await Promise.all(connections.values())
    await new Promise<void>((resolve) => server.close(() => resolve()))
    if (directory !== undefined) await rm(directory, { recursive: true, force: true })
  }
  try {
    await once(server.listen(socketPath), 'listening')
    await chmod(socketPath, 0o600)
  } catch (cause) {
    await close()
    throw toSocketError(socketPath, cause)
  }
  return { address: `unix://${socketPath}`, close }
}

async function createDirectory(parent: string): Promise<string> {
  try {
    return await mkdtemp(join(parent, 'capstan-buildkit-'))
  } catch (cause) {
    throw toSocketError(parent, cause)
  }
}

/** Node would listen on a TCP port if the path were a number. */
function checkPath(path: string | undefined): void {
  if (path === undefined || (isAbsolute(path) && !path.includes('\0'))) return
  const given = JSON.stringify(path)
  throw createHostError('INVALID_ARGUMENT', { field: 'path', expected: 'an absolute path', given })
}

/** Passes bytes on in both directions, and the end of each direction. */
async function serve({ execs }: BuildKitManagers, id: string, peer: Socket): Promise<void> {
  peer.on('error', () => {})
  try {
    await using process = await execs.exec(id, dialStdioCommand)
    process.exitCode.catch(() => {})
    process.stderr.resume()
    await Promise.all([pipeline(peer, process.stdin), pipeline(process.stdout, peer)])
  } catch {
    peer.destroy() // the peer sees the same as when a local daemon ends
  }
}

function toSocketError(subject: string, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const facts = { operation: 'exposeSocket', subject, status: undefined, reason }
  return createHostError('OPERATION_FAILED', facts, { cause })
}
