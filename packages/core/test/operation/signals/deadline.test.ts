import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { runWithin } from '../../../src/operation/signals/run-within.js'
import { startDeadline } from '../../../src/plugin.js'
import { blockLoop } from '../../support/block-loop.js'

/** Two ends of one connection. */
async function createSocketPair(): Promise<readonly [Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const near = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1')
  const [[far]] = await Promise.all([once(server, 'connection'), once(near, 'connect')])
  onTestFinished(() => {
    near.destroy()
    far.destroy()
    server.close()
  })
  return [near, far]
}

function startRecorded(timeoutMs: number) {
  const events: string[] = []
  const expired = new Promise<void>((resolve) => {
    startDeadline(timeoutMs, () => {
      events.push('expired')
      resolve()
    })
  })
  return { events, expired }
}

describe('startDeadline', () => {
  it('expires when it is not cleared', async () => {
    const { events, expired } = startRecorded(15)
    await expired
    expect(events).toEqual(['expired'])
  })

  it('does not expire when it is cleared', async () => {
    let expired = 0
    startDeadline(1, () => {
      expired += 1
    }).clear()
    await startRecorded(5).expired
    expect(expired).toBe(0)
  })

  it('expires after an answer is read that arrived while the event loop was blocked', async () => {
    const [near, far] = await createSocketPair()
    const { events, expired } = startRecorded(10)
    near.on('data', () => events.push('answer'))
    far.write('answer')
    blockLoop(100)
    await expired
    expect(events).toEqual(['answer', 'expired'])
  })

  it('does not count time in which the event loop was blocked, so that several requests still succeed', async () => {
    const [near, far] = await createSocketPair()
    far.pipe(far)
    const { events, expired } = startRecorded(200)
    let exchanges = 0
    near.on('data', () => {
      exchanges += 1
      if (exchanges < 5) near.write('again')
      else events.push('answer')
    })
    near.write('first')
    blockLoop(600)
    await expired
    expect(events).toEqual(['answer', 'expired'])
  })
})

describe('runWithin', () => {
  it('settles with an answer that arrived while the event loop was blocked for longer than the limit', async () => {
    const [near, far] = await createSocketPair()
    const answer = runWithin(async () => String((await once(near, 'data'))[0]), { operation: 'ask', timeoutMs: 10 })
    await Promise.resolve()
    far.write('answer')
    blockLoop(100)
    await expect(answer).resolves.toBe('answer')
  })

  it('rejects with TIMED_OUT when nothing arrives', async () => {
    const limit = { operation: 'ask', timeoutMs: 10 }
    await expect(runWithin(() => new Promise(() => undefined), limit)).rejects.toMatchObject({
      code: 'TIMED_OUT',
      facts: limit,
    })
  })
})
