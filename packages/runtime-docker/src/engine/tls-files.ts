import { readFile } from 'node:fs/promises'
import type { EndpointTls } from './docker-endpoint.js'

/** The TLS options of `node:tls`. */
export interface TlsMaterial {
  readonly rejectUnauthorized: boolean
  readonly ca?: Buffer
  readonly cert?: Buffer
  readonly key?: Buffer
}

/** Reads the certificates and the key. Rejects with the error of the file system. */
export async function readTlsFiles({ verify, caFile, certFile, keyFile }: EndpointTls): Promise<TlsMaterial> {
  const [ca, cert, key] = await Promise.all([read(caFile), read(certFile), read(keyFile)])
  return {
    rejectUnauthorized: verify,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  }
}

async function read(file: string | undefined): Promise<Buffer | undefined> {
  return file === undefined ? undefined : readFile(file)
}
