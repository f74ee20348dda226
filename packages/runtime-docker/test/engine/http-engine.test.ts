import { Readable } from 'node:stream'
import { setImmediate as nextIteration } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { EngineRequest } from '../../src/engine/docker-engine.js'
import { readBody } from '../../src/engine/read-body.js'
import { type FakeHandler, startFakeEngine } from '../fake/fake-docker-engine.js'

const call = { operation: 'op', subject: 'thing' }
/** Ends the connection when the client ends it, as an engine does. */
const endWithClient: FakeHandler = (reply) => {
  const socket = reply.upgrade()
  socket.on('end', () => socket.destroy())
}
const get = (path: string): EngineRequest => ({ ...call, method: 'GET', path })

describe('requests', () => {
  test('have the API version in their path, encoded query values, and a repeated parameter for an array', async () => {
    const { fake, engine } = await startFakeEngine()
    fake.override('GET /things', (reply) => reply.json(200, { ok: true }))
    const query = { all: true, none: undefined, off: false, filters: { label: ['a=b c'] }, text: 'x&y', t: ['a', 'b'] }
    expect(await engine.sendJson({ ...get('/things'), query })).toEqual({ ok: true })
    expect(fake.requests[0]?.rawPath).toMatch(/^\/v1\.41\/things\?/)
    expect([...(fake.requests[0]?.query ?? [])]).toEqual([
      ['all', '1'],
      ['off', '0'],
      ['filters', '{"label":["a=b c"]}'],
      ['text', 'x&y'],
      ['t', 'a'],
      ['t', 'b'],
    ])
  })

  test('share connections when short, and have a separate connection for a stream', async () => {
    const { fake, engine } = await startFakeEngine()
    fake.override('GET /stream', (reply) => reply.open().write('x'))
    for (let count = 0; count < 5; count += 1) await engine.sendJson(get('/info'))
    expect(fake.sockets.size).toBe(1)
    const streams = await Promise.all([engine.send(get('/stream')), engine.send(get('/stream'))])
    expect(fake.sockets.size).toBe(3)
    for (const stream of streams) stream.destroy()
    await expect.poll(() => fake.sockets.size).toBe(1)
  })

  test('send a stream as a chunked body, and destroy it when the request fails', async () => {
    const { fake, engine } = await startFakeEngine()
    fake.override('POST /load', (reply, { body }) => reply.json(200, { length: body.length }))
    const body = Readable.from([Buffer.alloc(100_000), Buffer.alloc(1)])
    expect(await engine.sendJson({ ...get('/load'), method: 'POST', body })).toEqual({ length: 100_001 })
    const failing = new Readable({ read() {} })
    const controller = new AbortController()
    const sent = engine.sendJson({ ...get('/load'), method: 'POST', body: failing, signal: controller.signal })
    controller.abort()
    await expect(sent).rejects.toBe(controller.signal.reason)
    expect(failing.destroyed).toBe(true)
  })

  test('destroy a stream as a body that is never sent', async () => {
    const { engine } = await startFakeEngine()
    await engine.close()
    const body = new Readable({ read() {} })
    await expect(engine.send({ ...get('/load'), method: 'POST', body })).rejects.toMatchObject({
      code: 'RUNTIME_UNAVAILABLE',
    })
    expect(body.destroyed).toBe(true)
  })

  test('resolve without a value for 204 with a body and for 304', async () => {
    const { fake, engine } = await startFakeEngine()
    for (const status of [204, 304]) {
      fake.override('POST /x', (reply) => reply.raw(status, 'ignored'))
      expect(await engine.sendJson({ ...get('/x'), method: 'POST' })).toBeUndefined()
    }
  })

  test('reject with PROTOCOL_ERROR and an excerpt when the answer is not JSON', async () => {
    const { fake, engine } = await startFakeEngine()
    fake.override('GET /x', (reply) => reply.raw(200, `<html>${'y'.repeat(1_000)}`))
    const error = await engine.sendJson(get('/x')).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'PROTOCOL_ERROR', facts: { operation: 'op' } })
    expect((error as { facts: { excerpt: string } }).facts.excerpt).toHaveLength(500)
  })

  test('reject with CONNECTION_LOST at once when the answer is incomplete', async () => {
    const { fake, engine } = await startFakeEngine()
    fake.override('GET /x', (reply) => {
      const response = reply.open({ 'Content-Length': '100' })
      response.write('{"half":', () => reply.destroy())
    })
    await expect(engine.sendJson(get('/x'))).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
      facts: { endpoint: `unix://${fake.socketPath}` },
    })
  })

  test('reject with PROTOCOL_ERROR when the answer to a create has no id', async () => {
    const { fake, engine } = await startFakeEngine()
    fake.override('POST /containers/create', (reply) => reply.json(201, {}))
    const api = await engine.api(call)
    await expect(api.createContainer({ _query: {}, _body: {} })).rejects.toMatchObject({ code: 'PROTOCOL_ERROR' })
  })

  test("of dockerode have the options of a create in the body only, and do not change the caller's objects", async () => {
    const { fake, engine } = await startFakeEngine()
    const _body = Object.freeze({ Image: 'busybox:1', Env: ['SECRET=1'] })
    const _query = Object.freeze({ name: 'n' })
    await (await engine.api(call)).createContainer({ _query, _body })
    expect(fake.requests[0]).toMatchObject({ rawPath: '/v1.41/containers/create?name=n', json: _body })
  })
})

describe('limits', () => {
  test('reject with TIMED_OUT, operation and limit when the engine is silent, and close the connection', async () => {
    const { fake, engine } = await startFakeEngine()
    fake.override('GET /x', () => {})
    await expect(engine.sendJson({ ...get('/x'), timeoutMs: 50 })).rejects.toMatchObject({
      code: 'TIMED_OUT',
      facts: { operation: 'op', timeoutMs: 50 },
    })
    await expect.poll(() => fake.sockets.size).toBe(0)
  })

  describe('of several requests', () => {
    beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
    afterEach(() => void vi.useRealTimers())

    /** Sends `/0`, `/1` and so on at once. Resolves when the engine has received all, with a function that answers one. */
    async function sendAtOnce(count: number) {
      const { fake, engine } = await startFakeEngine({}, { answerMs: 60_000, connectMs: 1_000_000 })
      const answers = new Map<number, (status: number) => void>()
      const sent = Array.from({ length: count }, (_, index) => {
        fake.override(`GET /${index}`, (reply) => answers.set(index, (status) => reply.json(status, { message: 'm' })))
        return engine.sendJson(get(`/${index}`)).then(
          () => 'answered',
          (error: { readonly code: string }) => error.code,
        )
      })
      while (answers.size < count) await nextIteration()
      return { sent, answer: (index: number, status = 200) => answers.get(index)?.(status) }
    }

    /** Advances the time, and lets a deadline read arrived answers before it expires. */
    async function advance(ms: number): Promise<void> {
      vi.advanceTimersByTime(ms)
      for (let count = 0; count < 5; count += 1) await nextIteration()
    }

    test.each([200, 500])('start again when the engine answers an earlier request with %i', async (status) => {
      const { sent, answer } = await sendAtOnce(3)
      await advance(50_000)
      answer(0, status)
      await sent[0]
      await advance(50_000)
      answer(1, status)
      await sent[1]
      await advance(50_000)
      answer(2)
      expect(await sent[2]).toBe('answered')
    })

    test('reject with TIMED_OUT the whole limit after the last answer to an earlier request', async () => {
      const { sent, answer } = await sendAtOnce(2)
      await advance(50_000)
      answer(0)
      await sent[0]
      await advance(10_000)
      await advance(50_000)
      expect(await sent[1]).toBe('TIMED_OUT')
    })

    test('reject with TIMED_OUT in time when the engine answers only later requests', async () => {
      const { sent, answer } = await sendAtOnce(2)
      await advance(50_000)
      answer(1)
      await sent[1]
      await advance(10_000)
      expect(await sent[0]).toBe('TIMED_OUT')
    })
  })

  test('end at the headers of a stream', async () => {
    const { fake, engine } = await startFakeEngine()
    let finish = () => {}
    fake.override('GET /x', (reply) => {
      const response = reply.open()
      finish = () => void response.end('late')
    })
    const response = await engine.send({ ...get('/x'), timeoutMs: 500 })
    await new Promise((resolve) => setTimeout(resolve, 550)) // longer than the limit is what is tested
    finish()
    expect(await readBody(response)).toBe('late')
  })

  test('reject with the reason of an aborted signal, without a request', async () => {
    const { fake, engine } = await startFakeEngine()
    for (const reason of [new Error('mine'), 'a text', 0]) {
      const signal = AbortSignal.abort(reason)
      await expect(engine.sendJson({ ...get('/info'), signal })).rejects.toBe(reason)
      await expect(engine.send({ ...get('/info'), signal })).rejects.toBe(reason)
      await expect(engine.upgrade({ ...get('/info'), signal })).rejects.toBe(reason)
      await expect(engine.api({ ...call, signal })).rejects.toBe(reason)
    }
    expect(fake.requests).toHaveLength(0)
  })

  test('reject with the reason of an abort while the engine is silent, and close the connection', async () => {
    const { fake, engine } = await startFakeEngine()
    const controller = new AbortController()
    fake.override('GET /x', () => controller.abort('stop'))
    await expect(engine.sendJson({ ...get('/x'), signal: controller.signal })).rejects.toBe('stop')
    await expect.poll(() => fake.sockets.size).toBe(0)
  })

  test('end the reading of a body after an abort', async () => {
    const { fake, engine } = await startFakeEngine()
    const controller = new AbortController()
    fake.override('GET /x', (reply) => reply.open().write('begin'))
    const response = await engine.send({ ...get('/x'), signal: controller.signal })
    const reading = readBody(response)
    controller.abort(new Error('stop'))
    await expect(reading).rejects.toThrow('stop')
    await expect.poll(() => fake.sockets.size).toBe(0)
  })

  test('allow one signal for many concurrent calls', async () => {
    const { engine } = await startFakeEngine()
    const { signal } = new AbortController()
    const warned: unknown[] = []
    const hear = (warning: unknown) => warned.push(warning)
    process.on('warning', hear)
    await Promise.all(Array.from({ length: 20 }, () => engine.sendJson({ ...get('/info'), signal })))
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', hear)
    expect(warned).toEqual([])
  })
})

describe('an engine that stops', () => {
  test('rejects with CONNECTION_LOST and the cause when nothing listens', async () => {
    const { fake, engine } = await startFakeEngine()
    await fake.die()
    await expect(engine.sendJson(get('/info'))).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
      cause: { code: expect.stringMatching(/ENOENT|ECONNREFUSED/) },
    })
  })

  test('repeats reads when a keep-alive connection has ended by a restart', async () => {
    const { fake, engine } = await startFakeEngine()
    await engine.sendJson(get('/info'))
    let isFirst = true
    fake.override('GET /info', (reply) => {
      if (isFirst) reply.destroy()
      else reply.json(200, { again: true })
      isFirst = false
    })
    expect(await engine.sendJson(get('/info'))).toEqual({ again: true })
  })

  test('never sends a create twice', async () => {
    const { fake, engine } = await startFakeEngine()
    await engine.sendJson(get('/info'))
    fake.requests.length = 0
    fake.override('POST /containers/create', (reply) => reply.destroy())
    const sent = engine.sendJson({ ...get('/containers/create'), method: 'POST', body: {} })
    await expect(sent).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
    expect(fake.requests).toHaveLength(1)
  })
})

describe('an engine that was upgraded meanwhile', () => {
  test('is asked for its version once, and gets the request again', async () => {
    const { fake, engine } = await startFakeEngine()
    fake.newestApi = '1.48'
    fake.oldestApi = '1.44'
    const answers = await Promise.all([engine.sendJson(get('/info')), engine.sendJson(get('/version'))])
    expect(answers).toMatchObject([{ NCPU: 2 }, { ApiVersion: '1.48' }])
    expect(engine.apiVersion).toBe('1.48')
    expect(fake.log().filter((line) => line === 'GET /_ping')).toHaveLength(1)
  })

  test('gets the request for an upgrade again', async () => {
    const { fake, engine } = await startFakeEngine()
    const { id } = fake.state.createContainer('c', { Cmd: ['sleep'] })
    fake.newestApi = '1.48'
    fake.oldestApi = '1.44'
    const { socket } = await engine.upgrade({ ...get(`/containers/${id}/attach`), method: 'POST' })
    socket.destroy()
    expect(engine.apiVersion).toBe('1.48')
  })

  test.each([
    ['an engine that became too new', '1.55', '1.60', false],
    ['an engine that became too old for a pinned version', '1.12', '1.40', true],
  ])('rejects with OPERATION_FAILED naming both ranges for %s', async (_, oldest, newest, pinned) => {
    const api = { version: '1.41', newest: '1.41', oldest: '1.12', pinned }
    const { fake, engine } = await startFakeEngine({ api })
    fake.newestApi = newest
    fake.oldestApi = oldest
    await expect(engine.sendJson(get('/info'))).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      facts: { reason: `the engine supports API versions ${oldest} to ${newest}, Capstan 1.41 to 1.52` },
    })
  })

  test('is reported with the version in its refusal when it does not report its range', async () => {
    const { fake, engine } = await startFakeEngine()
    fake.newestApi = '1.60'
    fake.oldestApi = '1.55'
    fake.override('GET /version', (reply) => reply.refuse(500, 'not now'))
    await expect(engine.sendJson(get('/info'))).rejects.toMatchObject({
      facts: { reason: 'the engine supports API versions from 1.55, Capstan 1.41 to 1.52' },
    })
  })

  test('stops waiting for the version after an abort', async () => {
    const { fake, engine } = await startFakeEngine()
    fake.newestApi = '1.48'
    fake.oldestApi = '1.44'
    const controller = new AbortController()
    fake.override('GET /_ping', () => controller.abort('enough'))
    await expect(engine.sendJson({ ...get('/info'), signal: controller.signal })).rejects.toBe('enough')
  })

  test('does not negotiate a pinned version', async () => {
    const api = { version: '1.41', newest: '1.41', oldest: '1.12', pinned: true }
    const { fake, engine } = await startFakeEngine({ api })
    fake.newestApi = '1.48'
    fake.oldestApi = '1.44'
    await expect(engine.sendJson(get('/info'))).rejects.toMatchObject({ code: 'OPERATION_FAILED' })
    expect(fake.log()).not.toContain('GET /_ping')
  })
})

describe('an engine that hangs', () => {
  const hang: FakeHandler = () => {}

  test('rejects with TIMED_OUT when it does not hijack a connection', async () => {
    const { fake, engine } = await startFakeEngine({}, { answerMs: 30 })
    fake.override('POST /x', hang)
    await expect(engine.upgrade({ ...get('/x'), method: 'POST' })).rejects.toMatchObject({
      code: 'TIMED_OUT',
      facts: { operation: 'op', timeoutMs: 30 },
    })
  })

  test('applies no limit to a call with a signal', async () => {
    const { fake, engine } = await startFakeEngine({}, { answerMs: 20 })
    fake.override('GET /slow', hang)
    await expect(engine.sendJson(get('/slow'))).rejects.toMatchObject({
      code: 'TIMED_OUT',
      facts: { timeoutMs: 20, option: 'timeouts.answerMs' },
      message: expect.stringContaining('raise the option timeouts.answerMs, or pass a signal with a longer deadline'),
    })
    fake.override('GET /slow', (reply) => setTimeout(() => reply.json(200, { done: true }), 80))
    const { signal } = new AbortController()
    expect(await engine.sendJson({ ...get('/slow'), signal })).toEqual({ done: true })
  })

  test('rejects a call with a signal with CONNECTION_LOST when pings are not answered either', async () => {
    const { fake, engine } = await startFakeEngine({}, { answerMs: 5, livenessIntervalMs: 5, livenessAnswerMs: 20 })
    fake.override('GET *', hang)
    const { signal } = new AbortController()
    await expect(engine.sendJson({ ...get('/slow'), signal })).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
  })

  test.each([
    ['before it answers', hang],
    ['within its answer', ((reply) => reply.open().write('x')) satisfies FakeHandler],
  ])('rejects with CONNECTION_LOST after unanswered pings when it hangs %s', async (_, handler) => {
    const { fake, engine } = await startFakeEngine({}, { livenessIntervalMs: 5, livenessAnswerMs: 20 })
    fake.override('POST /x', handler)
    fake.override('GET /_ping', hang)
    const read = async () => {
      const response = await engine.send({ ...get('/x'), method: 'POST' })
      return readBody(response).catch((error: unknown) => Promise.reject(engine.translate(error, call)))
    }
    await expect(read()).rejects.toMatchObject({ code: 'CONNECTION_LOST', cause: { code: 'TIMED_OUT' } })
    await expect.poll(() => fake.sockets.size).toBe(0)
  })

  test('rejects with CONNECTION_LOST when it hangs after the upgrade', async () => {
    const { fake, engine } = await startFakeEngine({}, { livenessIntervalMs: 5, livenessAnswerMs: 200 })
    fake.override('POST /x', endWithClient)
    const { socket } = await engine.upgrade({ ...get('/x'), method: 'POST' })
    fake.override('GET /_ping', hang)
    await new Promise((resolve) => socket.once('close', resolve))
    expect(socket.errored).toMatchObject({ code: 'CONNECTION_LOST' })
  })
})

describe('upgrade', () => {
  test.each([101, 200] as const)(
    'hijacks the connection with status %i, and returns the data that arrived with the headers',
    async (status) => {
      const { fake, engine } = await startFakeEngine()
      fake.override('POST /x', (reply) => {
        const socket = reply.upgrade({ status, first: Buffer.from('first ') })
        socket.on('data', (chunk: Buffer) => socket.write(chunk))
        socket.on('end', () => socket.end(' end'))
      })
      const { socket, head } = await engine.upgrade({ ...get('/x'), method: 'POST' })
      socket.end('echo') // half-closes: the rest still comes
      const chunks = [head]
      for await (const chunk of socket) chunks.push(chunk)
      expect(Buffer.concat(chunks).toString()).toBe('first echo end')
    },
  )

  test('translates a refusal', async () => {
    const { engine } = await startFakeEngine()
    await expect(engine.upgrade({ ...get('/containers/no/attach'), method: 'POST' })).rejects.toMatchObject({
      code: 'CONTAINER_NOT_FOUND',
    })
  })

  test('rejects with PROTOCOL_ERROR for a successful answer that is not an upgrade', async () => {
    const { fake, engine } = await startFakeEngine()
    fake.override('POST /x', (reply) => reply.json(200, { fine: true }))
    await expect(engine.upgrade({ ...get('/x'), method: 'POST' })).rejects.toMatchObject({ code: 'PROTOCOL_ERROR' })
  })

  test('destroys the connection at an abort after the upgrade', async () => {
    const { fake, engine } = await startFakeEngine()
    const controller = new AbortController()
    fake.override('POST /x', endWithClient)
    const { socket } = await engine.upgrade({ ...get('/x'), method: 'POST', signal: controller.signal })
    controller.abort(new Error('stop'))
    await new Promise((resolve) => socket.once('close', resolve))
    expect(socket.errored).toBe(controller.signal.reason)
    await expect.poll(() => fake.sockets.size).toBe(0)
  })
})

test('close ends requests in progress with RUNTIME_UNAVAILABLE, and closes all connections', async () => {
  const { fake, engine } = await startFakeEngine()
  fake.override('GET /x', () => {})
  fake.override('GET /stream', (reply) => reply.open().write('x'))
  fake.override('POST /up', endWithClient)
  const response = await engine.send(get('/stream'))
  const { socket } = await engine.upgrade({ ...get('/up'), method: 'POST' })
  const pending = engine.sendJson(get('/x'))
  const reading = readBody(response).catch((error: unknown) => engine.translate(error, call))
  await engine.close()
  await engine.close()
  await expect(pending).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
  expect(await reading).toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
  expect(socket.destroyed).toBe(true)
  await expect.poll(() => fake.sockets.size).toBe(0)
})
