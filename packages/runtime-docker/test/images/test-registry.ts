import { createHash } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pack } from 'tar-stream'
import { onTestFinished } from 'vitest'

/** A registry with one image, `HOST/app:1`, that requires a password. The layer of `HOST/broken:1` is missing. */
export interface TestRegistry {
  /** `127.0.0.1:PORT`, from which engines pull over plain HTTP. */
  readonly host: string
}

export const credentials = { username: 'user', password: 'test word:with colon' }

/**
 * Implements the part of the distribution protocol that one pull uses.
 * https://distribution.github.io/distribution/spec/api/
 */
export async function startTestRegistry(): Promise<TestRegistry> {
  const layer = await packLayer()
  const rootfs = { type: 'layers', diff_ids: [toDigest(layer)] }
  const config = Buffer.from(
    JSON.stringify({ architecture: 'amd64', os: 'linux', config: { Env: ['HOME=/pulled'] }, rootfs }),
  )
  const describe = (mediaType: string, blob: Buffer) => ({ mediaType, size: blob.length, digest: toDigest(blob) })
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: describe('application/vnd.docker.container.image.v1+json', config),
      layers: [describe('application/vnd.docker.image.rootfs.diff.tar', layer)],
    }),
  )
  const server = createServer(({ url = '', headers }, response) => {
    const expected = `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`
    if (headers.authorization !== expected) {
      return void response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="test"' }).end()
    }
    if (url === '/v2/') return void response.end('{}')
    if (/\/manifests\//.test(url)) return send(response, manifest, manifestType)
    const blob = [config, layer].find((candidate) => url.endsWith(toDigest(candidate)))
    if (blob === undefined || (blob === layer && url.includes('/broken/'))) return void response.writeHead(404).end()
    send(response, blob, 'application/octet-stream')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}` } // a server on a TCP port has an AddressInfo
}

function send(response: ServerResponse, body: Buffer, type: string): void {
  const headers = { 'Content-Type': type, 'Content-Length': body.length, 'Docker-Content-Digest': toDigest(body) }
  response.writeHead(200, headers).end(body)
}

/** Creates random content, so that no engine has the layer yet. */
async function packLayer(): Promise<Buffer> {
  const tar = pack()
  tar.entry({ name: 'stamp' }, String(Math.random()))
  tar.finalize()
  const blocks: Uint8Array[] = []
  for await (const block of tar as AsyncIterable<Uint8Array>) blocks.push(block)
  return Buffer.concat(blocks)
}

function toDigest(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

const manifestType = 'application/vnd.docker.distribution.manifest.v2+json'
