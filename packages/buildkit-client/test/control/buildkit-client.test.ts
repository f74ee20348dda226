import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { constants, createServer as createHttp2 } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { create, toBinary } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { BuildKitClient } from '../../src/control/buildkit-client.js'
import { toGrpcPrefix } from '../../src/control/grpc-frames.js'
import { BuildHistoryEventSchema } from '../../src/generated/control_pb.js'
import { type FakeDaemonOptions, serveDaemon } from '../support/fake-daemon.js'
import { createStreamPair } from '../support/stream-pair.js'

const endpoint = 'BuildKit in container "x"'

function connectToFakeDaemon(options: FakeDaemonOptions = {}) {
  const [ours, theirs] = createStreamPair()
  serveDaemon(theirs, options)
  return { ours, theirs, client: new BuildKitClient(ours, { endpoint }) }
}

describe('BuildKitClient', () => {
  it('pings BuildKit, and reads its workers with their version', async () => {
    const { client } = connectToFakeDaemon()
    await client.ping()
    expect(await client.workers()).toEqual([
      {
        id: '8xj5qfd1zy7t2933x6fvyp71f',
        labels: expect.objectContaining({ 'org.mobyproject.buildkit.worker.snapshotter': 'overlayfs' }),
        platforms: ['linux/amd64', 'linux/amd64/v2', 'linux/amd64/v3', 'linux/amd64/v4', 'linux/386'],
        version: 'v0.32.2',
      },
    ])
    client.close()
  })

  it('reads the frames that arrived with the answer to an upgrade', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    server.on('upgrade', async (_, socket) => {
      const [ours, theirs] = createStreamPair()
      serveDaemon(theirs)
      const [settings] = await once(ours, 'data')
      socket.write(
        Buffer.concat([Buffer.from('HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'), settings]),
      )
      socket.pipe(ours).pipe(socket)
    })
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const headers = { Connection: 'Upgrade', Upgrade: 'h2c' }
    const [, socket, head] = await once(request({ port, headers }).end(), 'upgrade')
    expect(head.length).toBeGreaterThan(0)
    socket.unshift(head)
    const client = new BuildKitClient(socket, { endpoint })
    expect(await client.workers()).toHaveLength(1)
    client.close()
    server.close()
  })

  it('reads the records of the cache and those that a prune removed', async () => {
    const { client } = connectToFakeDaemon()
    const records = await client.diskUsage()
    expect(records).toHaveLength(8)
    expect(records[0]).toEqual({
      id: 'o9uxupinbat9qd10iervpqtht',
      sizeBytes: 4096,
      inUse: false,
      description: 'local source for context',
      createdAt: new Date('2026-11-23T12:27:54.580Z'),
      lastUsedAt: new Date('2026-11-23T12:28:24.591Z'),
    })
    expect(await client.prune()).toHaveLength(8)
    expect(await client.diskUsage()).toEqual([])
    client.close()
  })

  it('keeps the requested number of bytes in a prune', async () => {
    const { client } = connectToFakeDaemon()
    await client.prune({ keepBytes: 4_000_000 })
    const kept = await client.diskUsage()
    expect(kept.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)).toBeLessThanOrEqual(4_000_000)
    expect(kept.length).toBeGreaterThan(0)
    client.close()
  })

  it.each([-1, 0.5, Number.NaN])('rejects a prune that keeps %d bytes', async (keepBytes) => {
    const { client } = connectToFakeDaemon()
    const facts = { field: 'keepBytes' }
    await expect(client.prune({ keepBytes })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', facts })
    client.close()
  })

  it('rejects an aborted call with the reason, and answers later calls', async () => {
    const { client } = connectToFakeDaemon()
    const controller = new AbortController()
    const pending = client.workers(controller)
    controller.abort('enough')
    await expect(pending).rejects.toBe('enough')
    await expect(client.workers(controller)).rejects.toBe('enough')
    expect(await client.workers()).toHaveLength(1)
    client.close()
  })

  it('rejects with CONNECTION_LOST when the stream ends before an answer, and afterwards', async () => {
    const [ours, theirs] = createStreamPair()
    const client = new BuildKitClient(ours, { endpoint })
    const pending = client.workers()
    theirs.resume().end()
    await expect(pending).rejects.toMatchObject({ code: 'CONNECTION_LOST', facts: { endpoint } })
    await client.ended
    await expect(client.ping()).rejects.toMatchObject({ code: 'CONNECTION_LOST', facts: { endpoint } })
  })

  it.each([
    ['an error', new Error('the exec was cut')],
    ['a text', 'enough'],
  ])('rejects with CONNECTION_LOST and the cause when the stream fails with %s', async (_, failure) => {
    const { client, ours } = connectToFakeDaemon()
    await client.ping()
    const pending = client.workers()
    // A runtime destroys it with the reason of a signal, which may be any value.
    ours.destroy(failure as Error)
    await expect(pending).rejects.toMatchObject({ code: 'CONNECTION_LOST', cause: failure })
  })

  it('rejects with PROTOCOL_ERROR and an excerpt when the peer does not speak HTTP/2', async () => {
    const [ours, theirs] = createStreamPair()
    theirs.write('HTTP/1.1 400 Bad Request\r\n\r\n')
    const client = new BuildKitClient(ours, { endpoint })
    await expect(client.workers()).rejects.toMatchObject({
      code: 'PROTOCOL_ERROR',
      facts: { operation: `workers of ${endpoint}`, excerpt: expect.stringContaining('400 Bad Request') },
    })
  })

  it('ends its stream and rejects pending calls when it is closed', async () => {
    const { client, ours } = connectToFakeDaemon()
    await client.ping()
    const [pending, closed] = [client.workers(), once(ours, 'close')]
    client.close()
    client.close()
    await expect(pending).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
    await closed
    expect(ours.destroyed).toBe(true)
  })

  it('rejects with OPERATION_FAILED and the message of BuildKit when a call is refused', async () => {
    const [ours, theirs] = createStreamPair()
    serveDaemon(theirs, { without: ['info'] })
    const client = new BuildKitClient(ours, { endpoint })
    await expect(client.ping()).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      facts: { operation: 'info', subject: endpoint, reason: expect.stringMatching(/not implemented/) },
    })
    client.close()
  })

  it('lists the builds of the history, the newest first, and removes one', async () => {
    const { client } = connectToFakeDaemon({ sessionTimeoutMs: 1 })
    const solve = (ref: string, attributes: Record<string, string>) =>
      client.solve({ Ref: ref, Frontend: 'dockerfile.v0', FrontendAttrs: attributes }).catch(() => {})
    await solve('one', { target: 'base' })
    await solve('two', {})
    const builds = await client.builds()
    expect(builds.map(({ ref }) => ref)).toEqual(['two', 'one'])
    expect(builds[1]).toMatchObject({
      ref: 'one',
      state: 'failed',
      createdAt: expect.any(Date),
      completedAt: expect.any(Date),
      error: expect.stringContaining('session'),
      attributes: { target: 'base' },
      exporters: [],
      isPinned: false,
    })
    await client.removeBuild('two')
    await client.removeBuild('two')
    expect((await client.builds()).map(({ ref }) => ref)).toEqual(['one'])
    client.close()
  })

  it('lists a running build', async () => {
    const { client } = connectToFakeDaemon()
    const stop = new AbortController()
    const running = client.solve({ Ref: 'one', Frontend: 'dockerfile.v0' }, stop).catch(() => {})
    await expect.poll(() => client.builds()).toMatchObject([{ ref: 'one', state: 'running', completedAt: undefined }])
    stop.abort()
    await running
    client.close()
  })

  it('rejects with the status of gRPC on a daemon without a history', async () => {
    const { client } = connectToFakeDaemon({ without: ['listenBuildHistory'] })
    await expect(client.builds()).rejects.toMatchObject({ code: 'OPERATION_FAILED', facts: { status: 12 } })
    client.close()
  })

  it('rejects with CONNECTION_LOST when the peer sends bytes that are not HTTP/2 during a call', async () => {
    const { client } = connectToFakeDaemon({ faults: [{ at: 'solve', kind: 'garble' }] })
    const solving = client.solve({ Ref: 'ref', Frontend: 'dockerfile.v0' })
    await expect(solving).rejects.toMatchObject({ code: 'CONNECTION_LOST', facts: { endpoint } })
    await client.ended
  })

  it('rejects with the error in the history when the daemon ends the call without a status', async () => {
    const [ours, theirs] = createStreamPair()
    const server = createHttp2()
    const error = { code: 2, message: 'a parse error', details: [{ typeUrl: 'a+json', value: Buffer.from('{}') }] }
    const event = toBinary(BuildHistoryEventSchema, create(BuildHistoryEventSchema, { record: { Ref: 'ref', error } }))
    server.on('stream', (call, headers) => {
      call.on('error', () => {})
      if (headers[':path']?.endsWith('/Solve')) return call.close(constants.NGHTTP2_INTERNAL_ERROR)
      call.respond({ ':status': 200, 'content-type': 'application/grpc+proto' })
      call.write(Buffer.concat([toGrpcPrefix(event.length), event]))
    })
    server.emit('connection', theirs)
    const client = new BuildKitClient(ours, { endpoint })
    await expect(client.solve({ Ref: 'ref' })).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      facts: { operation: 'solve', status: 2, reason: 'a parse error' },
      cause: { details: [{ type: 'a+json' }] },
    })
    client.close()
  })

  it('rejects with CONNECTION_LOST when the peer answers neither a call nor a ping', async () => {
    const [ours, theirs] = createStreamPair()
    theirs.resume()
    const client = new BuildKitClient(ours, { endpoint, silenceMs: 1, answerMs: 1 })
    const facts = { endpoint }
    await expect(client.solve({})).rejects.toMatchObject({ code: 'CONNECTION_LOST', facts })
    expect(client.isClosed).toBe(true)
  })

  it('waits for a call as long as the peer answers pings', async () => {
    const [ours, theirs] = createStreamPair()
    const server = createHttp2()
    const pinged = new Promise<void>((resolve) =>
      server.on('session', (session) => session.on('ping', () => resolve())),
    )
    server.emit('connection', theirs)
    const client = new BuildKitClient(ours, { endpoint, silenceMs: 1 })
    const pending = client.solve({})
    await pinged
    expect(client.isClosed).toBe(false)
    client.close()
    await expect(pending).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
  })
})
