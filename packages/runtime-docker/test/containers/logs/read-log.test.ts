import type { LogOptions } from '@capstan/core'
import { describe, expect, test } from 'vitest'
import type { DockerDetails } from '../../../src/engine/docker-details.js'
import type { FakeHandler } from '../../fake/fake-docker-engine.js'
import { frame } from '../../fake/frames.js'
import { startRuntime } from '../../start-runtime.js'

const first = '2026-01-02T03:04:05.000000001Z'
const second = '2026-01-02T03:04:06.123456789Z'

async function startLogs(
  handler?: FakeHandler,
  config: Readonly<Record<string, unknown>> = {},
  changes: Partial<DockerDetails> = {},
) {
  const started = await startRuntime(changes)
  const { fake, runtime } = started
  const container = fake.state.createContainer('c', config)
  container.status = 'running'
  if (handler !== undefined) fake.override('GET /containers/*/logs', handler)
  const open = (options?: LogOptions) => runtime.containerLogs(container.id, options)
  return { ...started, container, open }
}

async function readText(stream: AsyncIterable<{ source: string; bytes: Uint8Array }>): Promise<string> {
  let text = ''
  for await (const { source, bytes } of stream) text += `${source}:${Buffer.from(bytes).toString()};`
  return text
}

describe('containerLogs', () => {
  test('resolves at once, also when the engine sends no headers, and reports errors of the request on the stream', async () => {
    const { open } = await startLogs(() => {})
    const silent = await open({ follow: true })
    const gone = await (await startRuntime()).runtime.containerLogs('gone')
    await expect(readText(gone)).rejects.toMatchObject({ code: 'CONTAINER_NOT_FOUND' })
    await silent[Symbol.asyncDispose]()
  })

  test('gives both streams in order of arrival', async () => {
    const { open, fake } = await startLogs((reply) => {
      const response = reply.open()
      response.end(Buffer.concat([frame(2, 'a'), frame(1, 'b'), frame(2, 'c')]))
    })
    expect(await readText(await open())).toBe('stderr:a;stdout:b;stderr:c;')
    const { query } = fake.requests.at(-1) ?? {}
    expect(Object.fromEntries(query ?? [])).toEqual({
      follow: '0',
      stdout: '1',
      stderr: '1',
      timestamps: '0',
      tail: 'all',
    })
  })

  test('passes since, tail and the selected streams to the engine', async () => {
    const { open, fake } = await startLogs((reply) => reply.open().end())
    await readText(await open({ since: '2026-01-02T03:04:05.000000001Z', tailLines: 5, stderr: false }))
    expect(Object.fromEntries(fake.requests.at(-1)?.query ?? [])).toMatchObject({
      since: '1767323045.000000001',
      tail: '5',
      stderr: '0',
    })
  })

  test('gives the log of a terminal unchanged, with CR, LF and text like frames or JSON', async () => {
    const raw = Buffer.concat([Buffer.from('{"a":1}\r\n'), frame(1, 'x')])
    const { open } = await startLogs((reply) => reply.open().end(raw), { Tty: true })
    expect(await readText(await open())).toBe(`combined:${raw.toString()};`)
  })

  test('rejects with INVALID_ARGUMENT without a request for invalid options', async () => {
    const { open, fake } = await startLogs()
    await expect(open({ tailLines: -1 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      facts: { field: 'tailLines' },
    })
    expect(fake.requests).toHaveLength(0)
  })

  test('closes the connection when the loop is left', async () => {
    const { open, fake } = await startLogs((reply) => reply.open().write(frame(1, 'x')))
    for await (const chunk of await open({ follow: true })) {
      expect(chunk.source).toBe('stdout')
      break
    }
    await expect.poll(() => fake.sockets.size).toBeLessThan(2)
  })

  test('ends a pending read when disposed', async () => {
    const { open, fake } = await startLogs((reply) => reply.open())
    const stream = await open({ follow: true })
    const reading = readText(stream)
    await expect.poll(() => fake.log()).toContainEqual(expect.stringContaining('/logs'))
    await stream[Symbol.asyncDispose]()
    expect(await reading).toBe('')
    await expect.poll(() => fake.sockets.size).toBeLessThan(2)
  })

  test('rejects the read with the reason of an abort', async () => {
    const { open, fake } = await startLogs((reply) => reply.open().write(frame(1, 'x')))
    const controller = new AbortController()
    const reading = readText(await open({ follow: true, signal: controller.signal }))
    await expect.poll(() => fake.log()).toContainEqual(expect.stringContaining('/logs'))
    controller.abort('enough')
    await expect(reading).rejects.toBe('enough')
    await expect.poll(() => fake.sockets.size).toBeLessThan(2)
  })

  test.each([
    ["the engine's own error", frame(3, 'disk gone'), 'OPERATION_FAILED'],
    ['an invalid frame', Buffer.from('no frame'), 'PROTOCOL_ERROR'],
  ])('gives the records that arrive in one chunk with %s before it rejects', async (_, fault, code) => {
    const { open } = await startLogs((reply) =>
      reply.open().end(Buffer.concat([frame(1, 'x'), frame(2, 'y'), fault, frame(1, 'never')])),
    )
    let read = ''
    const reading = (async () => {
      for await (const { bytes } of await open()) read += Buffer.from(bytes).toString()
    })()
    await expect(reading).rejects.toMatchObject({ code })
    expect(read).toBe('xy')
  })

  test('gives a slow reader all data that arrived before the connection was lost', async () => {
    const { open, fake } = await startLogs((reply) => {
      const response = reply.open()
      response.write(Buffer.concat(Array.from({ length: 300 }, (_, index) => frame(1, `${index};`.padEnd(100)))))
    })
    let read = ''
    const reading = (async () => {
      for await (const { bytes } of await open({ follow: true })) {
        if (read === '') {
          await fake.die()
          await new Promise((resolve) => setTimeout(resolve, 20)) // the break has arrived
        }
        read += Buffer.from(bytes).toString().trim()
      }
    })()
    await expect(reading).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
    expect(read.split(';')).toHaveLength(301)
  })

  test("rejects with OPERATION_FAILED and the text of the engine's error within the log", async () => {
    const { open } = await startLogs((reply) => reply.open().end(Buffer.concat([frame(1, 'x'), frame(3, 'disk gone')])))
    await expect(readText(await open())).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      facts: { reason: 'disk gone' },
    })
  })

  test('rejects with PROTOCOL_ERROR for an invalid or incomplete frame', async () => {
    for (const bytes of [Buffer.from('not a frame at all'), frame(1, 'abc').subarray(0, 9)]) {
      const { open } = await startLogs((reply) => reply.open().end(bytes))
      await expect(readText(await open())).rejects.toMatchObject({ code: 'PROTOCOL_ERROR' })
    }
  })
})

describe('a followed log', () => {
  const stamped = Buffer.concat([frame(1, `${first} one\n`), frame(2, `${second} two\n`)])

  test('ends without an error when the container has exited', async () => {
    const { open, container } = await startLogs((reply, { query }) => {
      const response = reply.open()
      response.write(stamped)
      if (query.get('follow') === '0') response.end()
      else container.events.once('exit', () => response.end())
    })
    const reading = readText(await open({ follow: true }))
    await expect.poll(() => container.events.listenerCount('exit')).toBe(1)
    container.exit(0)
    expect(await reading).toBe('stdout:one\n;stderr:two\n;')
  })

  test('rejects with CONNECTION_LOST and the last timestamp when the engine stops', async () => {
    const { open, fake } = await startLogs((reply) => {
      reply.open().write(stamped)
    })
    const texts: string[] = []
    const stream = await open({ follow: true })
    const reading = (async () => {
      for await (const { bytes, timestamp } of stream) {
        texts.push(Buffer.from(bytes).toString())
        expect(timestamp).toBeUndefined()
        if (texts.length === 2) void fake.die()
      }
    })()
    await expect(reading).rejects.toMatchObject({ code: 'CONNECTION_LOST', facts: { lastTimestamp: second } })
    expect(texts).toEqual(['one\n', 'two\n'])
  })

  test('rejects with CONNECTION_LOST when it ends while its container runs', async () => {
    const { open } = await startLogs((reply) => reply.open().end(stamped))
    await expect(readText(await open({ follow: true }))).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
      facts: { lastTimestamp: second },
    })
  })

  describe('that the engine truncates at the exit of the container is read completely, without duplicates', () => {
    const third = '2026-01-02T03:04:06.123456790Z'
    const records = [
      frame(1, `${first} a\n`),
      frame(2, `${second} err a\n`),
      frame(1, `${second} b\n`),
      frame(1, `${second} c\n`),
      frame(2, `${second} err b\n`),
      frame(1, `${third} d\n`),
    ]
    const whole = { stdout: 'a\nb\nc\nd\n', stderr: 'err a\nerr b\n' }

    /** Sends a number of records to the followed log, and all requested records afterwards. */
    function cutAfter(count: number, end: () => void): FakeHandler {
      return (reply, { query }) => {
        const isFollowed = query.get('follow') === '1'
        if (isFollowed) end()
        reply.open().end(Buffer.concat(isFollowed ? records.slice(0, count) : records))
      }
    }

    test.each([1, 2, 3, 4, 5, 6])('after %i records', async (count) => {
      const { open, container } = await startLogs(cutAfter(count, () => container.exit(0)))
      const texts = { stdout: '', stderr: '', combined: '' }
      for await (const { source, bytes, timestamp } of await open({ follow: true, tailLines: 100 })) {
        texts[source] += Buffer.from(bytes).toString()
        expect(timestamp).toBeUndefined()
      }
      expect(texts).toEqual({ ...whole, combined: '' })
    })

    test('requests the rest from a second before the last record, but not before the first, with the whole tail', async () => {
      const { open, container, fake } = await startLogs(cutAfter(3, () => container.exit(0)))
      await readText(await open({ follow: true, tailLines: 100, stderr: false }))
      expect(Object.fromEntries(fake.requests.at(-1)?.query ?? [])).toEqual({
        follow: '0',
        stdout: '1',
        stderr: '0',
        timestamps: '1',
        since: '1767323045.123',
        tail: 'all',
      })
    })

    test('finds the rest of a terminal log by the number of bytes', async () => {
      const { open, container } = await startLogs(
        (reply, { query }) => {
          const isFollowed = query.get('follow') === '1'
          if (isFollowed) container.exit(0)
          reply.open().end(isFollowed ? 'one\r\ntw' : 'one\r\ntwo\r\n')
        },
        { Tty: true },
      )
      expect(await readText(await open({ follow: true }))).toBe('combined:one\r\ntw;combined:o\r\n;')
    })

    const recent = { api: { version: '1.44', newest: '1.44', oldest: '1.24', pinned: false } }
    test.each([
      ['reads the rest on Podman with a recent API version', { ...recent, quirks: { truncatesLogs: true } }, 2],
      ['requests the log once with API 1.44, which completes it', recent, 1],
    ])('%s', async (_, changes, requests) => {
      const { open, container, fake } = await startLogs(
        (reply) => {
          container.exit(0)
          reply.open().end(Buffer.concat(records))
        },
        {},
        changes,
      )
      fake.newestApi = '1.44'
      await readText(await open({ follow: true }))
      expect(fake.requests.filter(({ path }) => path.endsWith('/logs'))).toHaveLength(requests)
    })

    test.each([0, 1, 4])(
      'on an engine that drops lines after the exit: gives what arrived before the exit, and reads the rest (%i records)',
      async (count) => {
        const { open, container } = await startLogs(
          (reply, { query }) => {
            const response = reply.open()
            const plain = [frame(1, 'a\nb\nc\nd\n'), frame(2, 'err a\nerr b\n')]
            const rest = query.get('timestamps') === '1' ? records : plain
            if (query.get('follow') === '0') return void response.end(Buffer.concat(rest))
            for (const record of records.slice(0, count)) response.write(record)
            // The records between are dropped.
            container.events.once('exit', () => response.end(records.at(-1)))
            if (count === 0) container.exit(0)
          },
          {},
          { quirks: { truncatesLogs: true, dropsLogLines: true } },
        )
        const texts = { stdout: '', stderr: '', combined: '' }
        let seen = 0
        for await (const { source, bytes } of await open({ follow: true })) {
          texts[source] += Buffer.from(bytes).toString()
          seen += 1
          if (seen === count) container.exit(0)
        }
        expect(texts).toEqual({ ...whole, combined: '' })
      },
    )

    test('on an engine that drops lines after the exit: gives what follows an empty tail', async () => {
      const { open, container } = await startLogs(
        (reply, { query }) => {
          if (query.get('follow') === '0') return void reply.open().end()
          const response = reply.open()
          container.events.once('exit', () => response.end(records[0]))
          container.exit(0)
        },
        {},
        { quirks: { truncatesLogs: true, dropsLogLines: true } },
      )
      expect(await readText(await open({ follow: true, tailLines: 0 }))).toBe('stdout:a\n;')
    })

    test('reads nothing more for an empty tail', async () => {
      const { open, container } = await startLogs(cutAfter(0, () => container.exit(0)))
      expect(await readText(await open({ follow: true, tailLines: 0 }))).toBe('')
    })

    test.each([404, 409])(
      'ends without an error when the container was removed meanwhile (status %i)',
      async (status) => {
        const { open, container } = await startLogs((reply, { query }) => {
          if (query.get('follow') === '0') return reply.refuse(status, 'dead or marked for removal')
          container.exit(0)
          reply.open().end(records[0])
        })
        expect(await readText(await open({ follow: true }))).toBe('stdout:a\n;')
      },
    )

    test('rejects with CONNECTION_LOST and the last timestamp when the rest is incomplete', async () => {
      const { open, container } = await startLogs((reply, { query }) => {
        const response = reply.open()
        if (query.get('follow') === '0') return void response.write(frame(1, `${third} d`), () => reply.destroy())
        container.exit(0)
        response.end(records[0])
      })
      await expect(readText(await open({ follow: true }))).rejects.toMatchObject({
        code: 'CONNECTION_LOST',
        facts: { lastTimestamp: third },
      })
    })
  })

  test('applies back-pressure to the engine for a slow reader, without buffering or loss', async () => {
    const payload = Buffer.alloc(64 * 1024, 'z')
    const count = 512
    let taken = 0
    const { open, container } = await startLogs((reply) => {
      const response = reply.open()
      const write = () => {
        while (taken < count) {
          taken += 1
          if (!response.write(frame(1, payload))) return void response.once('drain', write)
        }
        container.exit(0)
        response.end()
      }
      write()
    })
    const iterator = (await open())[Symbol.asyncIterator]()
    let received = ((await iterator.next()).value?.bytes.length ?? 0) as number
    // The engine writes until back-pressure stops it. The bytes written until then are the buffered ones.
    let before = -1
    const isHeldUp = () => {
      const isSame = before === taken
      before = taken
      return isSame
    }
    await expect.poll(isHeldUp, { interval: 100 }).toBe(true)
    expect(taken).toBeLessThan(64) // 4 MB of 32
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) received += next.value.bytes.length
    expect(received).toBe(count * payload.length)
  })
})

describe('containerLogsAll', () => {
  test('resolves with all bytes in order of arrival', async () => {
    const { runtime, container } = await startLogs((reply) =>
      reply.open().end(Buffer.concat([frame(1, '{"a":1}'), frame(2, Buffer.from([0xff, 0]))])),
    )
    expect(Buffer.from(await runtime.containerLogsAll(container.id))).toEqual(
      Buffer.from([...Buffer.from('{"a":1}'), 0xff, 0]),
    )
  })

  test('rejects with CONNECTION_LOST for an incomplete log', async () => {
    const { runtime, container } = await startLogs((reply) => {
      reply.open({ 'Content-Length': '100' }).write(frame(1, 'x'), () => reply.destroy())
    })
    await expect(runtime.containerLogsAll(container.id)).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
  })
})
