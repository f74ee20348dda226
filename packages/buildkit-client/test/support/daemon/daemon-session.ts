import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from 'node:http2'
import type { Duplex } from 'node:stream'
import type { DescService } from '@bufbuild/protobuf'
import { type Client, Code, ConnectError, createClient, type Transport } from '@connectrpc/connect'
import { createGrpcTransport } from '@connectrpc/connect-node'
import { Auth } from '../../../src/generated/auth_pb.js'
import { FileSend, FileSync } from '../../../src/generated/filesync_pb.js'
import { Health } from '../../../src/generated/health_pb.js'
import { Secrets } from '../../../src/generated/secrets_pb.js'
import { SSH } from '../../../src/generated/ssh_pb.js'
import type { FileTree } from './file-tree.js'
import type { LocalCopy } from './local-sources.js'
import { SolveError, toSolveError } from './solve-error.js'

/** How a daemon checks a session. A session that fails two checks in a row is closed. */
export interface HealthChecks {
  readonly intervalMs: number
  readonly timeoutMs: number
}

/** What the client has said about its session in the headers of the call. */
export interface SessionHeaders {
  readonly id: string
  readonly sharedKey: string
  /** The methods that the client serves, for example `/moby.filesync.v1.FileSync/DiffCopy`. */
  readonly methods: readonly string[]
}

/**
 * The daemon's end of a session: the client of the services that the client of the daemon offers.
 * https://github.com/moby/buildkit/blob/v0.32.2/session/grpc.go
 */
export class DaemonSession {
  readonly id: string
  readonly sharedKey: string
  readonly #methods: readonly string[]
  readonly #http2: ClientHttp2Session
  readonly #transport: Transport
  readonly #stream: Duplex

  constructor(stream: Duplex, { id, sharedKey, methods }: SessionHeaders, health: HealthChecks) {
    this.id = id
    this.sharedKey = sharedKey
    this.#methods = methods.map((method) => method.toLowerCase())
    this.#stream = stream
    // The default windows of 64 KiB make the transfer of a large context slow.
    this.#http2 = connect(baseUrl, { createConnection: () => stream, settings: { initialWindowSize: windowBytes } })
    this.#http2.once('connect', () => this.#http2.setLocalWindowSize(windowBytes))
    this.#http2.on('error', () => {})
    const request = async (method: string, path: string, headers: OutgoingHttpHeaders, options: object) =>
      this.#http2.request({ ...splitLists(headers), ':method': method, ':path': path }, options)
    const sessionManager = { authority: baseUrl, request, notifyResponseByteRead() {} }
    this.#transport = createGrpcTransport({ baseUrl, sessionManager })
    this.#check(health)
  }

  get isClosed(): boolean {
    return this.#http2.destroyed || this.#http2.closed
  }

  close(): void {
    this.#http2.destroy()
    this.#stream.destroy()
  }

  /** Transfers the files of a source of the client. The paths are relative to its directory. */
  async receiveFiles(
    copy: LocalCopy,
    { source, followPaths, excludePatterns, signal, ...options }: ReceiveFilesOptions,
  ): Promise<{ readonly tree: FileTree; readonly sent: readonly string[] }> {
    if (!this.#supports(FileSync, 'DiffCopy')) throw new SolveError('no local sources enabled')
    const headers = {
      'dir-name': source,
      ...toList('followpaths', followPaths),
      ...toList('exclude-patterns', excludePatterns),
    }
    return this.#call(signal, (callSignal) =>
      copy.receive((packets) => this.#client(FileSync).diffCopy(packets, { headers, signal: callSignal }), options),
    )
  }

  /** Sends an archive to the client. Resolves when the client has confirmed that it has everything. */
  async sendArchive(archive: Uint8Array, { metadata, onChunk, signal }: SendArchiveOptions): Promise<void> {
    if (!this.#supports(FileSend, 'DiffCopy')) {
      throw new SolveError('method /moby.filesync.v1.FileSend/diffcopy not supported by the client')
    }
    const headers = {
      'buildkit-attachable-exporter-id': '0',
      ...Object.fromEntries(Object.entries(metadata).map(([key, value]) => [`exporter-md-${key}`, value])),
    }
    const chunks = async function* () {
      for (let at = 0; at < archive.length; at += chunkBytes) {
        yield { data: archive.subarray(at, at + chunkBytes) }
        await onChunk()
      }
    }
    await this.#call(signal, async (callSignal) => {
      for await (const _ of this.#client(FileSend).diffCopy(chunks(), { headers, signal: callSignal }));
    })
  }

  /** Returns `undefined` if the client has no such secret. */
  async findSecret(ID: string, signal: AbortSignal): Promise<Buffer | undefined> {
    if (!this.#supports(Secrets, 'GetSecret')) return undefined
    try {
      return Buffer.from((await this.#client(Secrets).getSecret({ ID }, { signal })).data)
    } catch (error) {
      if (error instanceof ConnectError && [Code.NotFound, Code.Unimplemented].includes(error.code)) return undefined
      throw toSolveError(error)
    }
  }

  /** Returns `undefined` if the client has no credentials of the registry. */
  async findCredentials(Host: string, signal: AbortSignal) {
    if (!this.#supports(Auth, 'Credentials')) return undefined
    try {
      const { Username, Secret } = await this.#client(Auth).credentials({ Host }, { signal })
      return Username === '' && Secret === '' ? undefined : { username: Username, password: Secret }
    } catch (error) {
      throw toSolveError(error)
    }
  }

  /** @throws SolveError if the client forwards no SSH agent with this id. */
  async checkAgent(ID: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#client(SSH).checkAgent({ ID }, { signal })
    } catch (error) {
      if (error instanceof ConnectError && error.code === Code.Unimplemented) {
        throw new SolveError(`no SSH key "${ID}" forwarded from the client`)
      }
      throw toSolveError(error)
    }
  }

  /** Sends one request to an SSH agent of the client, and returns its answer. */
  async requestAgent(id: string, request: Buffer, signal: AbortSignal): Promise<Buffer> {
    return this.#call(signal, async (callSignal) => {
      let answer = Buffer.alloc(0)
      let receiveAnswer = () => {}
      const isAnswered = new Promise<void>((resolve) => {
        receiveAnswer = resolve
      })
      const requests = async function* () {
        yield { data: request }
        await isAnswered
      }
      const headers = { 'buildkit.ssh.id': id === '' ? 'default' : id }
      for await (const { data } of this.#client(SSH).forwardAgent(requests(), { headers, signal: callSignal })) {
        answer = Buffer.concat([answer, data])
        if (answer.length >= 4 && answer.length >= 4 + answer.readUInt32BE()) receiveAnswer()
      }
      return answer
    })
  }

  #supports({ typeName }: DescService, method: string): boolean {
    return this.#methods.includes(`/${typeName}/${method}`.toLowerCase())
  }

  #client<T extends DescService>(service: T): Client<T> {
    return createClient(service, this.#transport)
  }

  /** Cancels the call when its answer is not read to the end. */
  async #call<T>(signal: AbortSignal, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const cancel = new AbortController()
    try {
      return await call(AbortSignal.any([signal, cancel.signal]))
    } catch (error) {
      cancel.abort()
      signal.throwIfAborted()
      throw toSolveError(error)
    }
  }

  #check({ intervalMs, timeoutMs }: HealthChecks): void {
    let failures = 0
    const timer = setInterval(async () => {
      if (this.isClosed) return
      try {
        await this.#client(Health).check({}, { timeoutMs })
        failures = 0
      } catch {
        failures += 1
        if (failures === 2) this.close()
      }
    }, intervalMs)
    timer.unref()
    this.#http2.once('close', () => clearInterval(timer))
  }
}

interface ReceiveFilesOptions {
  readonly source: string
  readonly followPaths: readonly string[] | undefined
  readonly excludePatterns: readonly string[] | undefined
  readonly comparesNothing: boolean
  readonly signal: AbortSignal
  onPacket(bytes: number, packet: { readonly hasData: boolean }): Promise<void>
}

interface SendArchiveOptions {
  readonly metadata: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  onChunk(): Promise<void>
}

/** A daemon sends a field for each value. The headers of the library have one field for each name, so they contain a list here. */
function toList(name: string, values: readonly string[] | undefined): Readonly<Record<string, string>> {
  if (values === undefined || values.length === 0) return {}
  const isAscii = values.every((value) => !/[^\0-\x7f]/.test(value))
  const encoded = isAscii ? values : values.map((value) => new URLSearchParams([['', value]]).toString().slice(1))
  return { [name]: JSON.stringify(encoded), ...(!isAscii && { [`${name}-encoded`]: '1' }) }
}

function splitLists(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  const split = (name: string) => (headers[name] === undefined ? {} : { [name]: JSON.parse(String(headers[name])) })
  return { ...headers, ...split('followpaths'), ...split('exclude-patterns') }
}

const windowBytes = 1024 * 1024
const baseUrl = 'http://localhost'
const chunkBytes = 32_768
