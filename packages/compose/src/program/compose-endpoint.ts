import { link, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { type Environment, findTemporaryDirectory } from '@capstan/core/plugin'

/** The engine to which Compose sends its requests. */
export interface ComposeEndpoint {
  /** The address as DOCKER_HOST: `unix:///run/x.sock`, `tcp://host:2376`. */
  readonly host: string
  /** Absent without TLS. */
  readonly tls?: ComposeTls | undefined
  /** The API version, if it must not be negotiated. */
  readonly apiVersion?: string | undefined
}

/** TLS settings, with the paths of PEM files. */
export interface ComposeTls {
  readonly verify: boolean
  /** `undefined`: the root certificates of Node. */
  readonly caFile: string | undefined
  readonly certFile: string | undefined
  readonly keyFile: string | undefined
}

/**
 * Calls `run` with the variables by which Compose finds the engine, and no other one. Compose expects the files of TLS in one
 * directory, which exists during the call.
 */
export async function withEndpointEnv<T>(
  { host, tls, apiVersion }: ComposeEndpoint,
  env: Environment,
  run: (variables: Readonly<Record<string, string>>) => Promise<T>,
): Promise<T> {
  // An empty variable replaces that of the caller. With those of TLS, Compose would also use TLS at a socket.
  const common = {
    ...{ DOCKER_HOST: host, DOCKER_API_VERSION: apiVersion ?? '' },
    ...{ DOCKER_TLS: '', DOCKER_TLS_VERIFY: '', DOCKER_CERT_PATH: '' },
  }
  if (tls === undefined) return await run(common)
  const directory = await mkdtemp(join(findTemporaryDirectory(env), 'capstan-compose-'))
  try {
    const files = [
      ['ca.pem', tls.caFile],
      ['cert.pem', tls.certFile],
      ['key.pem', tls.keyFile],
    ] as const
    for (const [name, file] of files) if (file !== undefined) await refer(file, join(directory, name))
    if (tls.caFile === undefined) await writeFile(join(directory, 'ca.pem'), rootCertificates.join('\n'))
    const mode = tls.verify ? { DOCKER_TLS_VERIFY: '1' } : { DOCKER_TLS: '1' }
    return await run({ ...common, ...mode, DOCKER_CERT_PATH: directory })
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Creates a symbolic link, or a hard link where the system allows no symbolic ones. */
async function refer(file: string, path: string): Promise<void> {
  await symlink(file, path).catch(() => link(file, path))
}
