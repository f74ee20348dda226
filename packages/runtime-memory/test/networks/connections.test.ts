import type { Duplex } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { MemoryImage, MemoryProgram } from '../../src/index.js'
import { type OpenMemory, openMemory } from '../support/open-memory.js'

describe('a connection between programs', () => {
  it('half-closes: a request that has ended still gets its response', async () => {
    await using memory = await openPair(
      serving(async (connection) => void connection.end(`got ${await readWholeLog(connection)}`)),
      async ({ connect }) => {
        const connection = await connect('server', 80)
        connection.end('question')
        expect(await readWholeLog(connection)).toBe('got question')
        return 0
      },
    )
    expect(await run(memory)).toBe(0)
  })

  it('applies back-pressure to the writer', async () => {
    let written = 0
    await using memory = await openPair(
      serving(async (connection) => {
        await new Promise((resolve) => connection.once('readable', resolve))
        for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve))
        expect(written).toBeLessThan(1_000_000)
        expect((await readWholeLog(connection)).length).toBe(2_000_000)
        connection.end()
      }),
      async ({ connect }) => {
        const connection = await connect('server', 80)
        for (; written < 2_000_000; written += 10_000) {
          await new Promise((resolve) => connection.write(Buffer.alloc(10_000, 'x'), resolve))
        }
        connection.end()
        await readWholeLog(connection)
        return 0
      },
    )
    expect(await run(memory)).toBe(0)
  })

  it.each<[string, (connection: Duplex) => void | Promise<void>]>([
    ['that destroys it', (connection) => void connection.destroy()],
    ['whose listener throws', () => Promise.reject(new Error('broken'))],
  ])('is reset by a peer %s, without effect on other connections', async (_, serve) => {
    let count = 0
    await using memory = await openPair(
      serving((connection) => {
        count += 1
        return count === 1 ? serve(connection) : void connection.end('fine')
      }),
      async ({ connect }) => {
        await expect(readWholeLog(await connect('server', 80))).rejects.toMatchObject({ code: expect.any(String) })
        expect(await readWholeLog(await connect('server', 80))).toBe('fine')
        return 0
      },
    )
    expect(await run(memory)).toBe(0)
  })

  it('delivers the data of a program that has ended, then the end', async () => {
    const received = createGate()
    await using memory = await openPair(
      serving(async (connection) => received.open(await readWholeLog(connection))),
      async ({ connect }) => {
        ;(await connect('server', 80)).write('last words')
        return 0
      },
    )
    expect(await run(memory)).toBe(0)
    expect(await received.opened).toBe('last words')
  })

  it('fails when the port is in use or out of range, or the server has ended', async () => {
    const errors: unknown[] = []
    await using memory = await openPair(
      async ({ listen, signal }) => {
        listen(80, () => {})
        for (const port of [80, 0, 65_536, 1.5]) {
          try {
            listen(port, () => {})
          } catch (error) {
            errors.push(error)
          }
        }
        await untilSignal(signal)
        return 0
      },
      async ({ connect, argv }) => {
        await connect('server', 80)
        return argv.length
      },
    )
    expect(await run(memory)).toBe(0)
    expect(errors).toMatchObject([
      { code: 'EADDRINUSE' },
      expect.any(RangeError),
      expect.any(RangeError),
      expect.any(RangeError),
    ])
    await memory.runtime.stopContainer('server')
    expect(await run(memory)).toBe(1)
  })
})

/** Reads without closing the other direction, which `for await` would close. */
async function readWholeLog(connection: Duplex): Promise<string> {
  let text = ''
  for await (const chunk of connection.iterator({ destroyOnReturn: false })) text += chunk
  return text
}

/** Starts a server on a network and adds the image of a client. */
async function openPair(server: MemoryProgram, client: MemoryProgram): Promise<OpenMemory> {
  const images: Readonly<Record<string, MemoryImage>> = { server: { main: server }, client: { main: client } }
  const memory = await openMemory({ images })
  const networkId = await memory.networks.createNetwork('n')
  await memory.sidecars.startSidecar({ name: 'server', image: 'server', networks: [{ networkId }] })
  await new Promise((resolve) => setImmediate(resolve))
  return memory
}

async function run({ runtime }: OpenMemory): Promise<number> {
  const network = { mode: 'networks', networks: [{ networkId: 'n' }] } as const
  const id = await runtime.createContainer({ image: 'client', network, autoRemove: true })
  return await runtime.startAttached(id, {})
}

function serving(serve: (connection: Duplex) => void | Promise<void>): MemoryProgram {
  return async ({ listen, signal }) => {
    listen(80, serve)
    await untilSignal(signal)
    return 0
  }
}

function untilSignal(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
}

function createGate() {
  let open: (value: string) => void = () => {}
  const opened = new Promise<string>((resolve) => {
    open = resolve
  })
  return { opened, open: (value: string) => open(value) }
}
