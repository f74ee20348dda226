import { readFile } from 'node:fs/promises'
import type { EndpointTls } from './docker-endpoint.js'

/** What `node:tls` takes. */
export interface TlsMaterial {
  readonly rejectUnauthorized: boolean
  readonly ca?: Buffer
  readonly cert?: Buffer
  readonly key?: Buffer
}

/** Reads the files anew: certificates are renewed while programs run. Rejects with the file's own error. */
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
