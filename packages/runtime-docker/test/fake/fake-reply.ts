import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FakeDockerEngine } from './fake-docker-engine.js'

/** The answer to a request, with or without an upgrade. */
export class FakeReply {
  readonly engine: FakeDockerEngine
  readonly #response: ServerResponse | undefined
  readonly #socket: Duplex | undefined
  readonly #rest: Buffer

  constructor(options: {
    readonly response?: ServerResponse
    readonly socket?: Duplex
    readonly rest: Buffer
    readonly engine: FakeDockerEngine
  }) {
    this.engine = options.engine
    this.#response = options.response
    this.#socket = options.socket
    this.#rest = options.rest
  }

  json(status: number, body?: unknown, headers: Readonly<Record<string, string>> = {}): undefined {
    this.raw(status, body === undefined ? '' : JSON.stringify(body), { 'Content-Type': 'application/json', ...headers })
  }

  refuse(status: number, message: string): undefined {
    this.json(status, { message })
  }

  raw(status: number, body: string | Buffer, headers: Readonly<Record<string, string>> = {}): undefined {
    if (this.#response !== undefined) {
      this.#response.writeHead(status, headers)
      this.#response.end(status === 204 || status === 304 ? undefined : body)
      return
    }
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    const length = Buffer.byteLength(body)
    this.#socket?.end(
      `HTTP/1.1 ${status} x\r\n${lines.join('')}Content-Length: ${length}\r\nConnection: close\r\n\r\n${body}`,
    )
  }

  /** Sends the headers, and leaves the body open. */
  open(headers: Readonly<Record<string, string>> = {}): ServerResponse {
    const response = this.#response
    if (response === undefined) throw new Error('the request asked for an upgrade')
    response.on('error', () => {})
    response.writeHead(200, { 'Content-Type': 'application/json', ...headers })
    response.flushHeaders()
    return response
  }

  /** Hijacks the connection; `first` is sent in one packet with the headers. */
  upgrade({ status = 101, first = Buffer.alloc(0), headers = {} }: UpgradeOptions = {}): Duplex {
    const socket = this.#socket
    if (socket === undefined) throw new Error('the request did not ask for an upgrade')
    const all: Readonly<Record<string, string>> = {
      'Content-Type': 'application/vnd.docker.raw-stream',
      ...(status === 101 ? { Connection: 'Upgrade', Upgrade: 'tcp' } : {}),
      ...headers,
    }
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(Buffer.concat([Buffer.from(`HTTP/1.1 ${status} x\r\n${lines.join('')}\r\n`), first]))
    if (this.#rest.length > 0) socket.unshift(this.#rest)
    socket.on('error', () => {})
    socket.resume() // it was paused for the body; the caller adds its listener in the same turn
    return socket
  }

  destroy(): undefined {
    this.#response?.destroy()
    this.#socket?.destroy()
  }
}

export interface UpgradeOptions {
  readonly status?: 101 | 200
  readonly first?: Buffer
  readonly headers?: Readonly<Record<string, string>>
}
