import { once } from 'node:events'
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2'
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net'
import {
  type BuildService,
  type BuildSessionHeaders,
  buildServiceCapability,
  type ImageBuilder,
  imageBuilderCapability,
  type OperationOptions,
  type Runtime,
  type RuntimePlugin,
  runtimeCapability,
} from '@capstan/core'
import { OperationScope, untilAborted } from '@capstan/core/plugin'
import { mapProvided, withParts } from '../../src/plugin/map-provided.js'
import type { FaultyPlugin } from './faulty-plugin.js'

/** Faults of the connections to BuildKit. The correct plugin has no BuildKit, so each fault adds one to it. */
export const buildServiceFaults: readonly FaultyPlugin[] = [
  {
    fault: 'connect opens a connection that does not speak HTTP/2',
    failingCase: 'BSV-001',
    addFault: (correct) =>
      addBuildService(correct, { server: createServer((socket) => socket.end('HTTP/1.1 400\r\n')) }),
  },
  {
    fault: 'the control service is not implemented',
    failingCase: 'BSV-002',
    addFault: (correct) => addBuildService(correct, { server: createBuildKit('12') }),
  },
  serviceFault('connect resolves with the same connection in each call', 'BSV-003', (service) => {
    let only: ReturnType<BuildService['connect']> | undefined
    return {
      connect: async (options) => {
        // Other cases destroy their connection, and need another one then.
        if (only === undefined || (await only).destroyed) only = service.connect(options)
        return await only
      },
    }
  }),
  serviceFault('destroying a connection destroys the others', 'BSV-004', (service) => {
    const opened = new Set<Awaited<ReturnType<BuildService['connect']>>>()
    return {
      connect: async (options) => {
        const connection = await service.connect(options)
        opened.add(connection)
        return connection.once('close', () => {
          for (const other of opened) other.destroy()
        })
      },
    }
  }),
  serviceFault('an aborted connect rejects with a copy of the reason', 'BSV-005', (service) => ({
    connect: async (options) => {
      options?.signal?.throwIfAborted()
      return await service.connect(options).catch((error: Error) => {
        throw options?.signal?.aborted ? new Error(error.message) : error
      })
    },
  })),
  serviceFault('an abort after connect has no effect', 'BSV-006', (service) => ({
    connect: (options) => ignoreLaterAbort(options, (own) => service.connect(own)),
  })),
  {
    fault: 'the exporter moby stores the image somewhere else',
    failingCase: 'BSV-009',
    addFault: (correct) => addBuildService(correct, { server: createBuildKit('0') }),
  },
  {
    fault: 'close does not destroy the connections to BuildKit',
    failingCase: 'CLS-018',
    addFault: (correct) => addBuildService(correct, { keepsConnections: 'connect' }),
  },
  serviceFault('openSession opens a connection of which the caller must be the client', 'BSV-007', (service) => ({
    openSession: (_headers, options) => service.connect(options),
  })),
  serviceFault('an abort after openSession has no effect', 'BSV-008', (service) => ({
    openSession: (headers, options) => ignoreLaterAbort(options, (own) => service.openSession(headers, own)),
  })),
  {
    fault: 'close does not destroy the sessions',
    failingCase: 'CLS-019',
    addFault: (correct) => addBuildService(correct, { keepsConnections: 'openSession' }),
  },
]

/** Adds BuildKit connections to a plugin without them. `server` answers the connections; the default one is correct. */
export function addBuildService(correct: RuntimePlugin, options: AddedService = {}): RuntimePlugin {
  let builder: ImageBuilder | undefined // of the scope that is being registered
  const { keepsConnections, replace = () => ({}) } = options
  const { id } = buildServiceCapability
  let operations: OperationScope | undefined // of the scope that is being registered
  const closing = mapProvided(correct, ({ token }, implementation) => {
    if (token === imageBuilderCapability.token) builder = implementation as ImageBuilder // the implementation of that capability
    if (token !== runtimeCapability.token || operations === undefined) return implementation
    const own = operations
    const runtime = implementation as Runtime // the implementation of that capability
    const close = async () => void (await Promise.all([own.close(), runtime.close()]))
    return withParts(runtime, { close })
  })
  return withParts(correct, {
    probe: async (given) => {
      const result = await correct.probe(given)
      if (!result.available) return result
      const absent = result.absent.filter((missing) => missing.id !== id)
      return { ...result, absent, provides: [...result.provides, buildServiceCapability] }
    },
    register: (scope, details) => {
      const { runtimeName: runtime, packageName, packageVersion } = scope
      const names = { runtime, packageName, packageVersion, endpoint: 'in this process', selection: 'named' } as const
      operations = new OperationScope({ runtime: names })
      closing.register(scope, details)
      const own = builder
      const storeImage = async (tag: string) => void (await own?.buildImage('FROM scratch\n', tag))
      const server = options.server ?? createBuildKit('0', storeImage)
      const service = new FakeBuildService(server, operations, { keepsConnections })
      scope.provide(buildServiceCapability, withParts<BuildService>(service, replace(service)))
    },
  })
}

interface AddedService {
  readonly server?: Server
  /** The method whose connections `close` does not destroy. */
  readonly keepsConnections?: keyof BuildService | undefined
  readonly replace?: (service: BuildService) => Partial<BuildService>
}

function serviceFault(
  fault: string,
  failingCase: string,
  replace: (service: BuildService) => Partial<BuildService>,
): FaultyPlugin {
  return { fault, failingCase, addFault: (correct) => addBuildService(correct, { replace }) }
}

/** Passes on only an abort before the call has ended. */
async function ignoreLaterAbort<T>(
  { signal }: OperationOptions = {},
  call: (options: OperationOptions) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const abort = () => controller.abort(signal?.reason)
  if (signal?.aborted) abort()
  signal?.addEventListener('abort', abort)
  return await call({ signal: controller.signal }).finally(() => signal?.removeEventListener('abort', abort))
}

/** Connects to servers in this process. */
class FakeBuildService implements BuildService {
  readonly #server: Server
  readonly #operations: OperationScope
  readonly #keepsConnections: AddedService['keepsConnections']

  constructor(
    server: Server,
    operations: OperationScope,
    { keepsConnections }: Pick<AddedService, 'keepsConnections'>,
  ) {
    this.#server = server
    this.#operations = operations
    this.#keepsConnections = keepsConnections
  }

  connect(options?: OperationOptions): Promise<Socket> {
    return this.#open('connect', options)
  }

  openSession(_headers: BuildSessionHeaders, options?: OperationOptions): Promise<Socket> {
    return this.#open('openSession', options)
  }

  async #open(method: keyof BuildService, options: OperationOptions = {}): Promise<Socket> {
    const { signal, end } = this.#operations.begin(options.signal)
    const server = method === 'connect' ? this.#server : sessionServer
    try {
      const socket = createConnection(await untilAborted(listen(server), signal), '127.0.0.1').unref()
      socket.on('error', () => {})
      const limit = this.#keepsConnections === method ? options.signal : signal
      const destroy = () => void socket.destroy(limit?.reason)
      limit?.addEventListener('abort', destroy)
      socket.once('close', () => limit?.removeEventListener('abort', destroy)).once('close', end)
      await untilAborted(once(socket, 'connect'), signal)
      return socket
    } catch (error) {
      end()
      throw error
    }
  }
}

async function listen(server: Server): Promise<number> {
  if (!server.listening) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve).unref())
  return (server.address() as AddressInfo).port // a TCP server has an address with a port
}

/**
 * A control service that answers each call with this status of gRPC and 20 bytes. `storeImage` is called with the tag of each
 * image that is built.
 */
function createBuildKit(status: string, storeImage: (tag: string) => Promise<void> = async () => {}): Server {
  const server = createHttp2Server()
  server.on('session', (session) => session.on('error', () => {}))
  server.on('stream', async (stream, { ':path': path = '' }) => {
    stream.on('error', () => {})
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }))
    if (path.endsWith('/Solve')) {
      const request = await readRequest(stream)
      // The attribute `name` of the exporter: the key, a byte before the value, the length of the value, and the value.
      const at = request.indexOf('name') + 'name'.length + 1
      await storeImage(request.toString('latin1', at + 1, at + 1 + request.readUInt8(at)))
    }
    stream.end(Buffer.alloc(20))
  })
  return server as unknown as Server // an HTTP/2 server is a `net.Server`, which its type does not say
}

/** Reads a request without an iterator, which would destroy the stream before the answer. */
async function readRequest(stream: ServerHttp2Stream): Promise<Buffer> {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(stream, 'end')
  return Buffer.concat(chunks)
}

/** Sends what BuildKit sends first on a session: the preface of HTTP/2 and an empty SETTINGS frame. */
const sessionServer = createServer((socket) => {
  socket.on('error', () => {}).resume()
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0')
})
