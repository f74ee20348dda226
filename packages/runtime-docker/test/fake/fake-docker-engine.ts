import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import type { Environment } from '@capstan/core/plugin'
import { onTestFinished } from 'vitest'
import type { DockerDetails } from '../../src/engine/docker-details.js'
import type { DockerTimeouts } from '../../src/engine/docker-timeouts.js'
import { type ConnectedEngine, connectEngine } from '../connect-engine.js'
import { FakeEngineState } from './fake-engine-state.js'
import { FakeReply } from './fake-reply.js'
import { route } from './fake-routes.js'

/** One received request. */
export interface FakeRequest {
  readonly method: string
  /** The path with version prefix. */
  readonly rawPath: string
  /** The path without version prefix and query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  /** The names and the values of the header fields by turns. */
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
  readonly json: Readonly<Record<string, unknown>>
}

export type FakeHandler = (reply: FakeReply, request: FakeRequest) => unknown

/**
 * A working engine with the part of Docker's API that the tests use, on a Unix socket, with containers in the test
 * process.
 *
 * Each answer can be replaced (`override`), the engine can stop and start again, and each request is logged.
 */
export class FakeDockerEngine {
  readonly state = new FakeEngineState()
  readonly requests: FakeRequest[] = []
  /** The open connections of the engine. */
  readonly sockets = new Set<Duplex>()
  readonly socketPath: string
  newestApi = '1.41'
  oldestApi = '1.12'
  /** The version in the header of a ping. */
  server = 'Docker/20.10.24 (linux)'
  /** Called with each request before its answer. May delay it. */
  onRequest: (request: FakeRequest, index: number) => void | Promise<void> = () => {}
  readonly #overrides: { readonly pattern: RegExp; readonly handler: FakeHandler }[] = []
  #server: Server | undefined

  constructor(socketPath: string) {
    this.socketPath = socketPath
  }

  /** `POST /containers/*\/start`: replaces the engine's own answer. The last match applies. */
  override(pattern: string, handler: FakeHandler): void {
    this.#overrides.unshift({ pattern: toPattern(pattern), handler })
  }

  /** Removes all replacements. */
  restore(): void {
    this.#overrides.length = 0
  }

  /** `GET /containers/json`, without version prefix and query. */
  log(): readonly string[] {
    return this.requests.map(({ method, path }) => `${method} ${path}`)
  }

  async listen(): Promise<void> {
    // The Docker Engine closes no idle connection either.
    const server = createServer({ keepAliveTimeout: 0 })
    server.on('connection', (socket) => {
      this.sockets.add(socket)
      socket.on('close', () => this.sockets.delete(socket))
      socket.on('error', () => {})
    })
    server.on('request', (request, response) => void this.#answer(request, { response }))
    server.on('upgrade', (request, socket, head) => void this.#answer(request, { socket, head }))
    await new Promise<void>((resolve) => server.listen(this.socketPath, resolve))
    this.#server = server
  }

  /** Closes all connections and stops listening. The state is kept. */
  async die(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    for (const socket of this.sockets) socket.destroy()
    await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())))
  }

  async #answer(
    incoming: IncomingMessage,
    to: { response?: ServerResponse; socket?: Duplex; head?: Buffer },
  ): Promise<void> {
    const body = await (to.socket === undefined ? readBody(incoming) : readUpgradeBody(incoming, to.socket, to.head))
    const request = toRequest(incoming, body.bytes)
    const reply = new FakeReply({ ...to, rest: body.rest, engine: this })
    const index = this.requests.push(request) - 1
    await this.onRequest(request, index)
    const named = `${request.method} ${request.path}`
    const handler = this.#overrides.find(({ pattern }) => pattern.test(named))?.handler ?? route
    await handler(reply, request)
  }
}

/** Starts an engine, and a client with short timeouts, for one test. */
export async function startFakeEngine(
  changes: Partial<DockerDetails> = {},
  timeouts: Partial<DockerTimeouts> = {},
  env?: Environment,
): Promise<StartedFake> {
  const directory = await mkdtemp(join(tmpdir(), 'capstan-fake-'))
  const fake = new FakeDockerEngine(join(directory, 'docker.sock'))
  await fake.listen()
  onTestFinished(async () => {
    await fake.die()
    await rm(directory, { recursive: true, force: true })
  })
  const apiVersion = changes.api?.version ?? '1.41'
  const at = {
    socketPath: fake.socketPath,
    apiVersion,
    timeouts: { ...shortTimeouts, ...timeouts },
    ...(env && { env }),
  }
  return { fake, ...connectEngine(at, changes) }
}

export interface StartedFake extends ConnectedEngine {
  readonly fake: FakeDockerEngine
}

function toRequest(incoming: IncomingMessage, body: Buffer): FakeRequest {
  const rawPath = incoming.url ?? '/'
  const url = new URL(rawPath, 'http://docker')
  return {
    method: incoming.method ?? '',
    rawPath,
    path: url.pathname.replace(/^\/v\d+\.\d+/, ''),
    query: url.searchParams,
    headers: incoming.headers,
    rawHeaders: incoming.rawHeaders,
    body,
    get json() {
      return body.length === 0 ? {} : JSON.parse(body.toString())
    },
  }
}

async function readBody(incoming: IncomingMessage): Promise<{ bytes: Buffer; rest: Buffer }> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of incoming) chunks.push(chunk)
  } catch {
    // The client has disconnected.
  }
  return { bytes: Buffer.concat(chunks), rest: Buffer.alloc(0) }
}

/**
 * Up to version 24, Node leaves the body of an upgrade request on the socket; from 26 on it is read like any other
 * body.
 */
async function readUpgradeBody(incoming: IncomingMessage, socket: Duplex, head: Buffer = Buffer.alloc(0)) {
  const length = Number(incoming.headers['content-length'] ?? 0)
  let bytes: Buffer = head
  const sources = [incoming, socket]
  await new Promise<void>((resolve) => {
    const take = (chunk: Buffer = Buffer.alloc(0)) => {
      bytes = Buffer.concat([bytes, chunk])
      if (bytes.length < length) return
      for (const source of sources) source.off('data', take)
      resolve()
    }
    for (const source of sources) source.on('data', take)
    take()
  })
  socket.pause()
  return { bytes: bytes.subarray(0, length), rest: bytes.subarray(length) }
}

function toPattern(pattern: string): RegExp {
  return new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^ ]*')}$`)
}

const shortTimeouts: Partial<DockerTimeouts> = {
  abortGraceMs: 250,
  containerEndMs: 100,
  execEndMs: 100,
  afterGoneMs: 50,
}
