import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'

/** A registry in memory, over plain HTTP. */
export interface RegistryServer {
  /** `ADDRESS:PORT` */
  readonly host: string
  /** The manifests by `REPOSITORY:TAG` and `REPOSITORY@DIGEST`. */
  readonly manifests: ReadonlyMap<string, Manifest>
  /** How clients have authenticated. */
  readonly logins: ReadonlySet<Login>
}

export type Login = 'basic' | 'password for a token' | 'refresh token for a token' | 'registry token'

/** A manifest of an image, or of an index, which has `manifests`. */
export interface Manifest {
  readonly mediaType: string
  readonly manifests?: readonly { readonly digest: string; readonly platform?: { readonly architecture: string } }[]
}

/** The authentication that the registry requires: a password in each request, a token that a client requests, or a given token. */
export type RegistryAccess =
  | { readonly scheme: 'basic' | 'bearer'; readonly username: string; readonly password: string }
  | { readonly scheme: 'bearer'; readonly refreshToken: string }
  | { readonly scheme: 'bearer'; readonly registryToken: string }

/**
 * Starts a registry at an address of this machine until the end of the test. It implements what pushes, pulls and caches need of the distribution protocol.
 * https://distribution.github.io/distribution/spec/api/
 */
export async function startRegistry(access: RegistryAccess, address: string): Promise<RegistryServer> {
  const store = new RegistryStore()
  const logins = new Set<Login>()
  const tokens = new Set('registryToken' in access ? [access.registryToken] : [])
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '', `http://${request.headers.host}`)
    if (url.pathname === '/token') return answerToken(request, response, { access, tokens, logins })
    const { authorization = '' } = request.headers
    const isAdmitted =
      access.scheme === 'basic' ? authorization === toBasic(access) : tokens.has(authorization.replace('Bearer ', ''))
    if (!isAdmitted) {
      const parameters =
        access.scheme === 'basic' ? 'Basic realm="test"' : `Bearer realm="${url.origin}/token",service="test"`
      return void response.writeHead(401, { 'WWW-Authenticate': parameters }).end()
    }
    if (access.scheme === 'basic') logins.add('basic')
    if ('registryToken' in access) logins.add('registry token')
    await store.answer(request, response, url)
  })
  await once(server.listen(0, address), 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo // a server on a TCP port has an AddressInfo
  return { host: `${address}:${port}`, manifests: store.manifests, logins }
}

interface TokenService {
  readonly access: RegistryAccess
  readonly tokens: Set<string>
  readonly logins: Set<Login>
}

/** https://distribution.github.io/distribution/spec/auth/token/ and https://distribution.github.io/distribution/spec/auth/oauth/ */
async function answerToken(
  request: IncomingMessage,
  response: ServerResponse,
  { access, tokens, logins }: TokenService,
): Promise<void> {
  const form = new URLSearchParams((await buffer(request)).toString())
  const login =
    'refreshToken' in access && form.get('refresh_token') === access.refreshToken
      ? 'refresh token for a token'
      : 'password' in access && (request.headers.authorization === toBasic(access) || hasPassword(form, access))
        ? 'password for a token'
        : undefined
  if (login === undefined) return void response.writeHead(401).end()
  logins.add(login)
  const token = randomUUID()
  tokens.add(token)
  response.end(JSON.stringify({ token, access_token: token, expires_in: 300 }))
}

function toBasic({ username, password }: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

function hasPassword(form: URLSearchParams, access: { readonly username: string; readonly password: string }): boolean {
  return form.get('username') === access.username && form.get('password') === access.password
}

class RegistryStore {
  readonly manifests = new Map<string, Manifest>()
  readonly #contents = new Map<string, { readonly bytes: Buffer; readonly type: string }>()
  readonly #uploads = new Map<string, Buffer>()

  async answer(request: IncomingMessage, response: ServerResponse, { pathname, searchParams }: URL): Promise<void> {
    const bytes = await buffer(request)
    const [, repository = '', kind, name = ''] =
      /^\/v2\/(.+)\/(blobs\/uploads|blobs|manifests)\/(.*)$/.exec(pathname) ?? []
    const key = kind === 'manifests' && !name.includes(':') ? `${repository}:${name}` : `${repository}@${name}`
    if (kind === undefined) return void response.end('{}')
    if (kind === 'blobs/uploads') return this.#upload(request, response, { repository, name, bytes, searchParams })
    if (request.method === 'PUT') {
      const type = request.headers['content-type'] ?? ''
      const digest = toDigest(bytes)
      for (const one of [key, `${repository}@${digest}`]) {
        this.#contents.set(one, { bytes, type })
        this.manifests.set(one, { mediaType: type, ...JSON.parse(bytes.toString()) })
      }
      return void response.writeHead(201, { 'Docker-Content-Digest': digest }).end()
    }
    const found = this.#contents.get(key)
    if (found === undefined) return void response.writeHead(404).end()
    const { length } = found.bytes
    const headers = {
      'Content-Type': found.type,
      'Content-Length': length,
      'Docker-Content-Digest': toDigest(found.bytes),
    }
    response.writeHead(200, headers).end(request.method === 'HEAD' ? undefined : found.bytes)
  }

  #upload(request: IncomingMessage, response: ServerResponse, upload: Upload): void {
    const { repository, name, bytes, searchParams } = upload
    const id = name === '' ? randomUUID() : name
    const whole = Buffer.concat([this.#uploads.get(id) ?? Buffer.alloc(0), bytes])
    const digest = searchParams.get('digest')
    if (request.method === 'PUT' && digest !== null) {
      this.#contents.set(`${repository}@${digest}`, { bytes: whole, type: 'application/octet-stream' })
      return void response.writeHead(201, { 'Docker-Content-Digest': digest }).end()
    }
    this.#uploads.set(id, whole)
    const headers = { Location: `/v2/${repository}/blobs/uploads/${id}`, Range: `0-${Math.max(whole.length - 1, 0)}` }
    response.writeHead(202, headers).end()
  }
}

interface Upload {
  readonly repository: string
  /** The id of the upload; empty for a new one. */
  readonly name: string
  readonly bytes: Buffer
  readonly searchParams: URLSearchParams
}

function toDigest(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
