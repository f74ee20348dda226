import { describe, expect, it } from 'vitest'
import type { MemoryProgram } from '../../src/index.js'
import { readChunks, readText } from '../support/collect.js'
import { type OpenMemory, openMemory } from '../support/open-memory.js'

describe('containerLogs', () => {
  it('yields both streams in order of arrival without waiting for the end', async () => {
    await using memory = await openMemory()
    const id = await startShell(memory, 'echo one; echo two >&2; echo three; sleep 100')
    await untilLogged(memory, id, 'three')
    const chunks = await readChunks(await memory.runtime.containerLogs(id))
    expect(chunks.map(({ source, bytes }) => [source, Buffer.from(bytes).toString()])).toEqual([
      ['stdout', 'one\n'],
      ['stderr', 'two\n'],
      ['stdout', 'three\n'],
    ])
    expect(Buffer.from(await memory.runtime.containerLogsAll(id)).toString()).toBe('one\ntwo\nthree\n')
  })

  it('opens at once for a container without output, and follows it to its end', async () => {
    await using memory = await openMemory()
    const id = await startShell(memory, 'sleep 100')
    const stream = await memory.runtime.containerLogs(id, { follow: true })
    const reading = readText(stream)
    await memory.runtime.stopContainer(id)
    expect(await reading).toBe('')
  })

  it('follows later output', async () => {
    const gate = createGate()
    const main: MemoryProgram = async ({ stdout }) => {
      stdout.write('before\n')
      await gate.opened
      stdout.write('after\n')
      return 0
    }
    await using memory = await openMemory({ images: { app: { main } } })
    const id = await memory.runtime.createContainer({ image: 'app' })
    await memory.runtime.startContainer(id)
    const seen: string[] = []
    for await (const { bytes } of await memory.runtime.containerLogs(id, { follow: true })) {
      seen.push(Buffer.from(bytes).toString())
      gate.open()
    }
    expect(seen).toEqual(['before\n', 'after\n'])
  })

  it('creates no record for an empty write', async () => {
    const main: MemoryProgram = async ({ stdout }) => {
      for (const text of ['one\n', '', 'two\n', '']) stdout.write(text)
      return 0
    }
    await using memory = await openMemory({ images: { app: { main } } })
    const id = await memory.runtime.createContainer({ image: 'app' })
    await memory.runtime.startAttached(id, {})
    expect(await readChunks(await memory.runtime.containerLogs(id))).toHaveLength(2)
    expect(await readText(await memory.runtime.containerLogs(id, { tailLines: 1 }))).toBe('two\n')
  })

  it('does not follow a container that is not running', async () => {
    await using memory = await openMemory()
    const id = await memory.runtime.createContainer({ image: 'busybox' })
    expect(await readText(await memory.runtime.containerLogs(id, { follow: true }))).toBe('')
  })

  it.each([
    [{ tailLines: 2 }, '2\n3\n'],
    [{ tailLines: 0 }, ''],
    [{ tailLines: 9 }, 'e\n1\n2\n3\n'],
    [{ stdout: false }, 'e\n'],
    [{ stderr: false, tailLines: 1 }, '3\n'],
  ])('applies the options %j', async (options, expected) => {
    await using memory = await openMemory()
    const id = await startShell(memory, 'echo e >&2; seq 3')
    await memory.runtime.waitContainer(id)
    expect(await readText(await memory.runtime.containerLogs(id, options))).toBe(expected)
  })

  it('counts a last line without a newline as a line', async () => {
    await using memory = await openMemory()
    const id = await startShell(memory, 'echo a; echo b; echo -n c')
    await memory.runtime.waitContainer(id)
    expect(await readText(await memory.runtime.containerLogs(id, { tailLines: 2 }))).toBe('b\nc')
  })

  it('has a timestamp in nanoseconds for each line, from which a later read continues without a gap', async () => {
    await using memory = await openMemory()
    const id = await startShell(memory, 'echo a; echo b; echo c; seq 2')
    await memory.runtime.waitContainer(id)
    const timed = await readChunks(await memory.runtime.containerLogs(id, { timestamps: true }))
    const times = timed.map(({ timestamp }) => timestamp ?? '')
    expect(times).toHaveLength(5)
    for (const time of times) expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/)
    expect([...times].sort()).toEqual(times)
    expect(await readText(await memory.runtime.containerLogs(id, { since: times[1] ?? '' }))).toBe('b\nc\n1\n2\n')
    expect(await readText(await memory.runtime.containerLogs(id, { since: new Date(Date.now() + 60_000) }))).toBe('')
  })

  it('splits a line longer than 16 KiB into chunks with timestamps', async () => {
    const main: MemoryProgram = async ({ stdout }) => Number(!stdout.write(`${'x'.repeat(20_000)}\n`) && 0)
    await using memory = await openMemory({ images: { app: { main } } })
    const id = await memory.runtime.createContainer({ image: 'app' })
    await memory.runtime.startContainer(id)
    await memory.runtime.waitContainer(id)
    const chunks = await readChunks(await memory.runtime.containerLogs(id, { timestamps: true }))
    expect(chunks.map(({ bytes }) => bytes.length)).toEqual([16_384, 3617])
  })

  it('preserves all bytes', async () => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
    const main: MemoryProgram = async ({ stdout }) => Number(!stdout.write(all) && 0)
    await using memory = await openMemory({ images: { app: { main } } })
    const id = await memory.runtime.createContainer({ image: 'app' })
    await memory.runtime.startContainer(id)
    await memory.runtime.waitContainer(id)
    expect(Buffer.from(await memory.runtime.containerLogsAll(id))).toEqual(all)
  })

  it('rejects the first read with CONTAINER_NOT_FOUND for a missing container', async () => {
    await using memory = await openMemory()
    const stream = await memory.runtime.containerLogs('none')
    await expect(readText(stream)).rejects.toMatchObject({ code: 'CONTAINER_NOT_FOUND' })
  })

  it('rejects with the reason of a signal that aborts during the wait', async () => {
    await using memory = await openMemory()
    const id = await startShell(memory, 'sleep 100')
    const abort = new AbortController()
    const reading = readText(await memory.runtime.containerLogs(id, { follow: true, signal: abort.signal }))
    const reason = new Error('enough')
    abort.abort(reason)
    await expect(reading).rejects.toBe(reason)
  })

  it('ends a pending read when it is disposed', async () => {
    await using memory = await openMemory()
    const id = await startShell(memory, 'sleep 100')
    const stream = await memory.runtime.containerLogs(id, { follow: true })
    const reading = readText(stream)
    await stream[Symbol.asyncDispose]()
    expect(await reading).toBe('')
  })

  it('rejects with RUNTIME_UNAVAILABLE when the runtime is closed', async () => {
    await using memory = await openMemory()
    const id = await startShell(memory, 'sleep 100')
    const reading = readText(await memory.runtime.containerLogs(id, { follow: true }))
    const failing = expect(reading).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
    await memory.runtime.close()
    await failing
  })

  it('blocks the container while a reader does not read, and loses no output', async () => {
    const written = { bytes: 0 }
    const main: MemoryProgram = async ({ stdout }) => {
      for (let block = 0; block < 100; block += 1) {
        await new Promise((resolve) => stdout.write(Buffer.alloc(1000, block), resolve))
        written.bytes += 1000
      }
      return 0
    }
    const gate = createGate()
    await using memory = await openMemory({ images: { app: { main } }, logLimitBytes: 10_000 })
    const id = await memory.runtime.createContainer({ image: 'app' })
    await memory.runtime.startContainer(id)
    let read = 0
    for await (const { bytes } of await memory.runtime.containerLogs(id, { follow: true })) {
      if (read === 0) {
        // Many turns of the event loop: it could have written all by now.
        for (let turn = 0; turn < 500; turn += 1) await new Promise((resolve) => setImmediate(resolve))
        expect(written.bytes).toBeLessThan(20_000)
        gate.open()
      }
      expect(bytes).toEqual(new Uint8Array(1000).fill(read / 1000))
      read += bytes.length
    }
    expect([read, written.bytes]).toEqual([100_000, 100_000])
  })

  it('drops the oldest output when the log is full and has no reader', async () => {
    await using memory = await openMemory({ logLimitBytes: 1000 })
    const id = await startShell(memory, 'echo 1; echo 2; echo 3; echo 4; echo 5; echo 6; echo 7; echo 8; echo 9')
    await memory.runtime.waitContainer(id)
    const text = Buffer.from(await memory.runtime.containerLogsAll(id)).toString()
    expect(text).not.toContain('1\n')
    expect(text).toContain('8\n9\n')
  })

  it('has one stream with CR LF for a terminal', async () => {
    await using memory = await openMemory()
    const command = ['sh', '-c', 'echo a; echo b >&2']
    const id = await memory.runtime.createContainer({ image: 'busybox', command, tty: true })
    await memory.runtime.startContainer(id)
    await memory.runtime.waitContainer(id)
    const chunks = await readChunks(await memory.runtime.containerLogs(id))
    expect(chunks.map(({ source, bytes }) => [source, Buffer.from(bytes).toString()])).toEqual([
      ['combined', 'a\r\n'],
      ['combined', 'b\r\n'],
    ])
  })

  it.each([
    ['since', { since: 'yesterday' }],
    ['tailLines', { tailLines: -1 }],
  ])('rejects an invalid %s before it looks for the container', async (field, options) => {
    await using memory = await openMemory()
    await expect(memory.runtime.containerLogs('none', options)).rejects.toMatchObject({ facts: { field } })
  })
})

async function startShell({ runtime }: OpenMemory, script: string): Promise<string> {
  const id = await runtime.createContainer({ image: 'busybox', command: ['sh', '-c', script] })
  await runtime.startContainer(id)
  return id
}

async function untilLogged({ runtime }: OpenMemory, id: string, wanted: string): Promise<void> {
  let text = ''
  for await (const { bytes } of await runtime.containerLogs(id, { follow: true })) {
    text += Buffer.from(bytes).toString()
    if (text.includes(wanted)) break
  }
}

function createGate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open: () => open() }
}
