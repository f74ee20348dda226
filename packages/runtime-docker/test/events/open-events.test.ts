import type { ServerResponse } from 'node:http'
import type { EventOptions, RuntimeEvent } from '@capstan/core'
import { describe, expect, test } from 'vitest'
import { DockerEventStream } from '../../src/docker-event-stream.js'
import type { DockerDetails } from '../../src/engine/docker-details.js'
import { startFakeEngine } from '../fake/fake-docker-engine.js'

describe('events of an engine', () => {
  test('asks for the events since the time of the clock of the engine before the request', async () => {
    const { fake, query } = await subscribe()
    expect(fake.log()).toEqual(['GET /_ping', 'GET /events'])
    expect(query.get('since')).toBe('1767225600.000000000')
    expect(query.get('until')).toBe(null)
    expect(JSON.parse(query.get('filters') ?? '')).toMatchObject({ type: ['container', 'image', 'network', 'volume'] })
  })

  test('filters by labels on the engine, and by all of them', async () => {
    const { query, response, events } = await subscribe({ labels: { app: 'web', tier: 'a' } })
    expect(JSON.parse(query.get('filters') ?? '')).toMatchObject({ type: ['container'], label: ['app=web', 'tier=a'] })
    send(response, container('create', 1, { app: 'web' }), container('start', 2, { app: 'web', tier: 'a' }))
    send(
      response,
      { Type: 'network', Action: 'create', Actor: { ID: 'n' }, ...at(3) },
      container('destroy', 4, { app: 'web', tier: 'a' }),
    )
    expect((await take(events, 2)).map(({ action }) => action)).toEqual(['started', 'removed'])
  })

  test('converts the events of all kinds, with times in nanoseconds, and skips others', async () => {
    const { response, events } = await subscribe()
    send(
      response,
      container('exec_create: true ', 1),
      container('die', 2, { app: 'web', exitCode: '7', execDuration: '1' }),
      container('health_status: healthy', 3),
      { Type: 'image', Action: 'pull', Actor: { ID: 'busybox:latest', Attributes: { name: 'busybox' } }, ...at(4) },
      { Type: 'image', Action: 'untag', Actor: { ID: imageId, Attributes: { name: imageId } }, ...at(5) },
      { Type: 'image', Action: 'delete', Actor: { ID: imageId, Attributes: { name: imageId } }, ...at(6) },
      {
        Type: 'network',
        Action: 'connect',
        Actor: { ID: 'n1', Attributes: { name: 'net', container: 'c1' } },
        ...at(7),
      },
      { Type: 'volume', Action: 'mount', Actor: { ID: 'v1' }, ...at(8) },
      { Type: 'volume', Action: 'destroy', Actor: { ID: 'v1', Attributes: { driver: 'local' } }, ...at(9) },
    )
    const common = { id: 'c1', name: 'web', image: 'busybox:1', labels: {}, kind: 'container' }
    expect(await take(events, 7)).toEqual([
      { ...common, labels: { app: 'web' }, action: 'exited', exitCode: 7, timestamp: timestamp(2) },
      { ...common, action: 'health', health: 'healthy', timestamp: timestamp(3) },
      { kind: 'image', action: 'pulled', id: undefined, reference: 'busybox:latest', timestamp: timestamp(4) },
      { kind: 'image', action: 'untagged', id: imageId, reference: undefined, timestamp: timestamp(5) },
      { kind: 'image', action: 'removed', id: imageId, reference: undefined, timestamp: timestamp(6) },
      { kind: 'network', action: 'connected', id: 'n1', name: 'net', containerId: 'c1', timestamp: timestamp(7) },
      { kind: 'volume', action: 'removed', name: 'v1', timestamp: timestamp(9) },
    ])
  })

  test('rejects with CONNECTION_LOST and the time of the last event when the engine ends the answer', async () => {
    const { response, events } = await subscribe()
    send(response, container('create', 1), container('start', 2))
    response.end()
    const seen: RuntimeEvent[] = []
    await expect(take(events, 3, seen)).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
      facts: { lastTimestamp: timestamp(2) },
    })
    expect(seen.length).toBe(2)
  })

  test('rejects with PROTOCOL_ERROR for an answer that is not JSON', async () => {
    const { response, events } = await subscribe()
    response.write('<html>\n')
    await expect(take(events, 1)).rejects.toMatchObject({ code: 'PROTOCOL_ERROR' })
  })

  test('ends with the answer when the call has `until`', async () => {
    const { query, response, events } = await subscribe({
      since: '2026-01-01T00:00:00.000000001Z',
      until: timestamp(2),
    })
    expect(query.get('since')).toBe('1767225600.000000001')
    expect(query.get('until')).toBe('1767225600.000000002')
    send(response, container('create', 0), container('start', 1), container('die', 2), container('destroy', 3))
    response.end()
    expect((await take(events, 9)).map(({ action }) => action)).toEqual(['started', 'exited'])
  })

  test('closes the connection when the subscription is disposed', async () => {
    const { fake, events } = await subscribe()
    await events[Symbol.asyncDispose]()
    await expect.poll(() => fake.sockets.size).toBeLessThan(2)
  })

  test('rejects with the error of an engine that refuses', async () => {
    const { fake, engine } = await startFakeEngine()
    fake.override('GET /events', (reply) => reply.refuse(500, 'no events'))
    await expect(new DockerEventStream(engine).events()).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      facts: { operation: 'events', reason: 'no events' },
    })
  })
})

describe('events of an engine with the quirk hasOwnEventQuery', () => {
  const quirks = { quirks: { hasOwnEventQuery: true } }

  test('asks for whole seconds and filters by kind only', async () => {
    const { query } = await subscribe({ since: '2026-01-01T00:00:00.9Z', labels: { app: 'web' } }, quirks)
    expect(query.get('since')).toBe('1767225600')
    expect(JSON.parse(query.get('filters') ?? '')).toEqual({ type: ['container'] })
  })

  test('asks for past events only when `until` is in the past', async () => {
    const { query } = await subscribe({ until: '2025-12-31T23:59:59Z' }, quirks)
    expect(query.get('stream')).toBe('false')
    expect(query.get('until')).toBe(null)
  })

  test('ends a second after `until`', async () => {
    const { events } = await subscribe({ until: '2026-01-01T00:00:00.001Z' }, quirks)
    expect(await take(events, 1)).toEqual([])
  })

  test('converts the events of Podman', async () => {
    const unsupportedOptions = [{ field: 'event.images', reason: 'x', remedy: undefined }] as const
    const { query, response, events } = await subscribe({}, { ...quirks, unsupportedOptions })
    expect(JSON.parse(query.get('filters') ?? '')).toEqual({ type: ['container', 'network', 'volume'] })
    send(
      response,
      { ...container('remove', 1, { containerExitCode: '0', podId: '' }), status: 'remove' },
      { ...container('health_status', 2), HealthStatus: 'unhealthy' },
      { Type: 'image', Action: 'delete', Actor: { ID: imageId.slice(7), Attributes: { name: 'app' } }, ...at(3) },
      { Type: 'volume', Action: 'remove', Actor: { ID: '', Attributes: { name: 'v1' } }, ...at(4) },
    )
    expect(await take(events, 3)).toMatchObject([
      { action: 'removed', id: 'c1', labels: {} },
      { action: 'health', health: 'unhealthy' },
      { action: 'removed', kind: 'volume', name: 'v1' },
    ])
  })

  test('leaves out health where it is unsupported', async () => {
    const unsupportedOptions = [{ field: 'event.health', reason: 'x', remedy: undefined }] as const
    const { response, events } = await subscribe({}, { ...quirks, unsupportedOptions })
    send(response, { ...container('health_status', 1), HealthStatus: 'starting' }, container('start', 2))
    expect(await take(events, 1)).toMatchObject([{ action: 'started' }])
  })
})

describe('events of a container in a sandbox', () => {
  test('have the first id, and the sandbox and the replacement are hidden', async () => {
    const { fake, response, events } = await subscribe()
    const [first, second, sandbox] = ['a', 'b', 'c'].map((digit) => digit.repeat(64)) as [string, string, string]
    const labels = { 'capstan.firewall.first-id': first, 'capstan.firewall.sandbox': sandbox }
    fake.override(`GET /containers/${second}/json`, (reply) =>
      reply.json(200, { Id: second, Config: { Labels: labels }, HostConfig: { NetworkMode: `container:${sandbox}` } }),
    )
    const sandboxLabels = { 'capstan.firewall.sandbox-of': first }
    send(
      response,
      container('create', 1, {}, first),
      container('create', 2, sandboxLabels, sandbox),
      container('start', 3, sandboxLabels, sandbox),
      {
        Type: 'network',
        Action: 'connect',
        Actor: { ID: 'n', Attributes: { name: 'net', container: sandbox } },
        ...at(4),
      },
      container('create', 5, labels, second),
      container('destroy', 6, {}, first),
      container('start', 7, labels, second),
      container('die', 8, { ...labels, exitCode: '0' }, second),
      container('destroy', 9, labels, second),
      container('destroy', 10, sandboxLabels, sandbox),
      container('create', 11, {}, 'd'),
    )
    const seen = await take(events, 6)
    expect(
      seen.map((event) => [event.action, 'containerId' in event ? event.containerId : 'id' in event && event.id]),
    ).toEqual([
      ['created', first],
      ['connected', first],
      ['started', first],
      ['exited', first],
      ['removed', first],
      ['created', 'd'],
    ])
  })

  test('are those of any other container if it inherited the labels from an image', async () => {
    const { fake, response, events } = await subscribe()
    const labels = { 'capstan.firewall.first-id': 'a'.repeat(64), 'capstan.firewall.sandbox': 'c'.repeat(64) }
    fake.override('GET /containers/c1/json', (reply) => reply.json(200, { Id: 'c1', Config: { Labels: labels } }))
    send(response, container('create', 1, labels), container('start', 2, labels))
    expect(await take(events, 2)).toMatchObject([
      { action: 'created', id: 'c1' },
      { action: 'started', id: 'c1' },
    ])
  })
})

/** Subscribes at the first second of 2026, the time of the engine's clock. */
async function subscribe(options: EventOptions = {}, changes: Partial<DockerDetails> = {}) {
  const { fake, engine } = await startFakeEngine(changes)
  const answers: ServerResponse[] = []
  fake.override('GET /_ping', (reply) => reply.raw(200, 'OK', { Date: 'Thu, 01 Jan 2026 00:00:00 GMT' }))
  fake.override('GET /events', (reply) => void answers.push(reply.open()))
  const events = await new DockerEventStream(engine).events(options)
  const [response] = answers
  const query = fake.requests.find(({ path }) => path === '/events')?.query
  if (response === undefined || query === undefined) throw new Error('no request for events')
  return { fake, engine, events, response, query }
}

async function take(events: AsyncIterable<RuntimeEvent>, count: number, seen: RuntimeEvent[] = []) {
  for await (const event of events) {
    seen.push(event)
    if (seen.length === count) break
  }
  return seen
}

function send(response: ServerResponse, ...messages: readonly object[]): void {
  for (const message of messages) {
    const { nano, ...rest } = { nano: 0, ...message }
    // Such a number cannot be exactly represented in JavaScript.
    const timeNano = `1767225600${String(nano).padStart(9, '0')}`
    response.write(`${JSON.stringify({ ...rest, time: 1767225600 }).slice(0, -1)},"timeNano":${timeNano}}\n`)
  }
}

function container(action: string, nano: number, attributes: object = {}, id = 'c1') {
  const all = { ...attributes, image: 'busybox:1', name: 'web' }
  return { Type: 'container', Action: action, Actor: { ID: id, Attributes: all }, ...at(nano) }
}

function at(nano: number) {
  return { nano }
}

function timestamp(nano: number): string {
  return `2026-01-01T00:00:00.00000000${nano}Z`
}

const imageId = `sha256:${'0123456789abcdef'.repeat(4)}`
