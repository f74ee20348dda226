import { createServer as createHttp2, connect as openSession } from 'node:http2'
import { createServer, connect as openSocket } from 'node:net'
import type { Duplex } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import { DockerBuildService } from '../src/docker-build-service.js'
import { connectEngine } from './connect-engine.js'
import { startFakeEngine } from './fake/fake-docker-engine.js'

/** A server of HTTP/2 without TLS that answers each request with its path. */
function createFakeBuildKit() {
  const server = createHttp2()
  server.on('stream', (stream, headers) => {
    stream.respond({ ':status': 200 })
    stream.end(headers[':path'])
  })
  server.on('session', (session) => session.on('error', () => {}))
  return server
}

async function startBuildKit() {
  const started = await startFakeEngine()
  started.fake.override('POST /grpc', (reply, { headers }) => {
    if (headers.upgrade !== 'h2c') return reply.refuse(500, `protocol ${headers.upgrade} not supported`)
    const socket = reply.upgrade({ headers: { Upgrade: 'h2c' } })
    socket.pause()
    createFakeBuildKit().emit('connection', socket)
  })
  return { ...started, service: new DockerBuildService(started.engine) }
}

/** Sends a request over HTTP/2 and resolves with the body of its answer. */
async function ask(connection: Duplex, path: string): Promise<string> {
  const session = openSession('http://buildkit', { createConnection: () => connection })
  session.on('error', () => {})
  const chunks: Buffer[] = []
  for await (const chunk of session.request({ ':path': path })) chunks.push(chunk)
  session.destroy()
  return Buffer.concat(chunks).toString()
}

function untilClosed(connection: Duplex): Promise<unknown> {
  return new Promise((resolve) => connection.once('close', resolve))
}

describe('connect', () => {
  test('opens a connection that speaks HTTP/2', async () => {
    const { service, fake } = await startBuildKit()
    expect(await ask(await service.connect(), '/moby.buildkit.v1.Control/Info')).toBe('/moby.buildkit.v1.Control/Info')
    expect(fake.requests.at(-1)).toMatchObject({ method: 'POST', rawPath: '/v1.41/grpc', headers: { upgrade: 'h2c' } })
  })

  test('passes on the bytes that arrived with the answer', async () => {
    const { service, fake } = await startBuildKit()
    fake.override('POST /grpc', (reply) => void reply.upgrade({ first: Buffer.from('settings') }).write(' and more'))
    const connection = await service.connect()
    let text = ''
    for await (const chunk of connection) {
      text += chunk
      if (text.length >= 'settings and more'.length) break
    }
    expect(text).toBe('settings and more')
  })

  test('opens another connection in each call, and destroying one does not affect the others', async () => {
    const { service } = await startBuildKit()
    const [first, ...others] = await Promise.all(Array.from({ length: 10 }, () => service.connect()))
    first?.destroy()
    const answers = await Promise.all(others.map((connection, index) => ask(connection, `/${index}`)))
    expect(answers).toEqual(others.map((_, index) => `/${index}`))
  })

  test('rejects with the reason of a signal that was already aborted, and sends no request', async () => {
    const { service, fake } = await startBuildKit()
    const reason = new Error('too early')
    await expect(service.connect({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(fake.requests).toEqual([])
  })

  test('rejects with the reason of an abort before the answer', async () => {
    const { service, fake } = await startBuildKit()
    const controller = new AbortController()
    const reason = new Error('stop')
    fake.override('POST /grpc', () => controller.abort(reason))
    await expect(service.connect({ signal: controller.signal })).rejects.toBe(reason)
  })

  test('destroys the connection with the reason of a later abort', async () => {
    const { service } = await startBuildKit()
    const controller = new AbortController()
    const connection = await service.connect({ signal: controller.signal })
    controller.abort(new Error('stop'))
    await untilClosed(connection)
    expect(connection.errored).toBe(controller.signal.reason)
  })

  test('gives a connection that closing the runtime destroys with RUNTIME_UNAVAILABLE', async () => {
    const { service, engine } = await startBuildKit()
    const connection = await service.connect()
    const closed = untilClosed(connection)
    await engine.close()
    await closed
    expect(connection.errored).toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
    await expect(service.connect()).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
  })

  test('gives a connection that is destroyed with CONNECTION_LOST when the engine hangs', async () => {
    const { fake, engine } = await startFakeEngine({}, { livenessIntervalMs: 5, livenessAnswerMs: 5 })
    fake.override('POST /grpc', (reply) => void reply.upgrade())
    const connection = await new DockerBuildService(engine).connect()
    fake.override('GET /_ping', () => {})
    await untilClosed(connection)
    expect(connection.errored).toMatchObject({ code: 'CONNECTION_LOST' })
  })

  test('rejects with OPERATION_FAILED and the text of an engine that refuses', async () => {
    const { service, fake } = await startBuildKit()
    fake.override('POST /grpc', (reply) => reply.refuse(403, 'a proxy forbids it'))
    const refusal = { code: 'OPERATION_FAILED', facts: { operation: 'connect', status: 403 } }
    await expect(service.connect()).rejects.toMatchObject(refusal)
    await expect(service.connect()).rejects.toThrow('a proxy forbids it')
  })
})

describe('openSession', () => {
  const headers = { 'x-docker-expose-session-uuid': 'id', 'x-docker-expose-session-grpc-method': ['/a/B', '/c/D'] }

  /** An engine that accepts sessions, and the connections on which it is the client. */
  async function startEngine(first = Buffer.alloc(0)) {
    const started = await startFakeEngine()
    const sessions: Duplex[] = []
    started.fake.override('POST /session', (reply) => {
      sessions.push(reply.upgrade({ headers: { Upgrade: 'h2c' }, first }))
    })
    return { ...started, sessions, service: new DockerBuildService(started.engine) }
  }

  test('sends each value of a header as a field of its own', async () => {
    const { service, fake } = await startEngine()
    const connection = await service.openSession(headers)
    const { method, rawPath, rawHeaders = [] } = fake.requests.at(-1) ?? {}
    expect({ method, rawPath }).toEqual({ method: 'POST', rawPath: '/v1.41/session' })
    expect(toFields(rawHeaders)).toEqual(
      expect.arrayContaining([
        ['Upgrade', 'h2c'],
        ['x-docker-expose-session-uuid', 'id'],
        ['x-docker-expose-session-grpc-method', '/a/B'],
        ['x-docker-expose-session-grpc-method', '/c/D'],
      ]),
    )
    connection?.destroy()
  })

  test('gives a connection on which the engine is the client of HTTP/2, also when its first bytes arrived early', async () => {
    const { service, sessions } = await startEngine(Buffer.from('PRI * HTTP/2.0\r\n'))
    const connection = await service.openSession(headers)
    sessions[0]?.write('\r\nSM\r\n\r\n')
    let text = ''
    for await (const chunk of connection ?? []) {
      text += chunk
      if (text.length >= 24) break
    }
    expect(text).toBe('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  })

  test('resolves with undefined on an engine without the request', async () => {
    const { service, fake } = await startEngine()
    fake.override('POST /session', (reply) => reply.refuse(404, 'page not found'))
    expect(await service.openSession(headers)).toBeUndefined()
  })

  test('rejects with OPERATION_FAILED and the text of an engine that refuses', async () => {
    const { service, fake } = await startEngine()
    fake.override('POST /session', (reply) => reply.refuse(403, 'a proxy forbids it'))
    const refusal = { code: 'OPERATION_FAILED', facts: { operation: 'openSession', status: 403 } }
    await expect(service.openSession(headers)).rejects.toMatchObject(refusal)
  })

  test('gives a connection that a later abort destroys with its reason', async () => {
    const { service } = await startEngine()
    const controller = new AbortController()
    const connection = await service.openSession(headers, controller)
    controller.abort(new Error('stop'))
    if (connection !== undefined) await untilClosed(connection)
    expect(connection?.errored).toBe(controller.signal.reason)
  })

  test('gives a connection that closing the runtime destroys with RUNTIME_UNAVAILABLE', async () => {
    const { service, engine } = await startEngine()
    const connection = await service.openSession(headers)
    await engine.close()
    if (connection !== undefined) await untilClosed(connection)
    expect(connection?.errored).toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
    await expect(service.openSession(headers)).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
  })
})

/** Pairs the names and the values of raw headers. */
function toFields(raw: readonly string[]) {
  return raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1]]] : []))
}

describe('connect on an engine without the upgrade request', () => {
  /** Serves HTTP/1 without `/grpc`, and HTTP/2 on connections that begin with its preface. */
  async function startNewEngine() {
    const { fake } = await startFakeEngine()
    const http2Path = `${fake.socketPath}.http2`
    const path = `${fake.socketPath}.front`
    fake.override('POST /grpc', (reply) => reply.refuse(404, 'page not found'))
    const buildKit = createFakeBuildKit().listen(http2Path)
    const sockets = new Set<Duplex>()
    const front = createServer((socket) => {
      sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)))
      socket.once('data', (first) => {
        const isHttp2 = first.toString('latin1').startsWith('PRI * HTTP/2.0')
        const inner = openSocket(isHttp2 ? http2Path : fake.socketPath).on('error', () => {})
        inner.write(first)
        socket.pipe(inner).pipe(socket)
      })
    })
    await new Promise<void>((resolve) => front.listen(path, resolve))
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy()
      front.close()
      buildKit.close()
    })
    const { engine } = connectEngine({ socketPath: path, apiVersion: '1.52' })
    return { service: new DockerBuildService(engine), engine, sockets, front }
  }

  test('opens a connection of HTTP/2 to the same endpoint', async () => {
    const { service } = await startNewEngine()
    expect(await ask(await service.connect(), '/moby.buildkit.v1.Control/Info')).toBe('/moby.buildkit.v1.Control/Info')
  })

  test('gives a connection that an abort destroys with its reason', async () => {
    const { service, sockets } = await startNewEngine()
    const controller = new AbortController()
    const connection = await service.connect({ signal: controller.signal })
    controller.abort(new Error('stop'))
    await untilClosed(connection)
    expect(connection.errored).toBe(controller.signal.reason)
    await expect.poll(() => sockets.size).toBe(0)
  })

  test('gives a connection that closing the runtime destroys with RUNTIME_UNAVAILABLE', async () => {
    const { service, engine } = await startNewEngine()
    const connection = await service.connect()
    const closed = untilClosed(connection)
    await engine.close()
    await closed
    expect(connection.errored).toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
  })

  test('rejects with CONNECTION_LOST when the engine stops listening', async () => {
    const { service, front } = await startNewEngine()
    front.once('connection', () => void front.close())
    await expect(service.connect()).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
  })
})
