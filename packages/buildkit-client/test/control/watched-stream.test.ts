import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { WatchedStream } from '../../src/control/watched-stream.js'
import { createStreamPair } from '../support/stream-pair.js'

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
const toFrame = (type: number, length: number) =>
  Buffer.from([0, 0, length, type, 0, 0, 0, 0, 0, ...Buffer.alloc(length)])
const frames = Buffer.concat([preface, toFrame(4, 0), toFrame(0, 20), toFrame(7, 8), toFrame(0, 3)])

function watch() {
  const [ours, theirs] = createStreamPair()
  let goaways = 0
  const watched = new WatchedStream(ours, () => {
    goaways += 1
  })
  return { ours, theirs, watched, count: () => goaways }
}

describe('WatchedStream', () => {
  it.each([1, 5, 9, 1000])(
    'finds the GOAWAY frame that is sent in chunks of %d bytes, and passes on all bytes',
    async (size) => {
      const { theirs, watched, count } = watch()
      const chunks: Buffer[] = []
      theirs.on('data', (chunk: Buffer) => chunks.push(chunk))
      for (let at = 0; at < frames.length; at += size) watched.write(frames.subarray(at, at + size))
      watched.end()
      await once(theirs, 'end')
      expect(Buffer.concat(chunks)).toEqual(frames)
      expect(count()).toBe(1)
    },
  )

  it('does not find one in the payload of another frame, nor in received bytes', async () => {
    const { theirs, watched, count } = watch()
    const data = Buffer.concat([toFrame(0, 17).subarray(0, 9), toFrame(7, 8)])
    watched.write(Buffer.concat([preface, data]))
    theirs.write(toFrame(7, 8))
    expect(await once(watched, 'data')).toEqual([toFrame(7, 8)])
    expect(count()).toBe(0)
  })

  it('keeps an excerpt of the first chunk, and ends with its stream', async () => {
    const { theirs, watched } = watch()
    theirs.end('x'.repeat(600))
    watched.resume()
    await once(watched, 'end')
    expect(watched.excerpt).toBe('x'.repeat(500))
  })

  it('fails with the error of its stream, and destroys the stream', async () => {
    const { ours, watched } = watch()
    ours.destroy(new Error('cut'))
    expect(await once(watched, 'error')).toEqual([new Error('cut')])
    const other = watch()
    other.watched.destroy()
    await once(other.ours, 'close')
  })
})

it('passes on what arrives during a write after the write, in order and before the end', async () => {
  const [ours, theirs] = createStreamPair()
  theirs.on('data', () => {
    theirs.write('first')
    theirs.end('second')
  })
  const stream = new WatchedStream(ours, () => {})
  const events: string[] = []
  stream.on('data', (chunk) => events.push(String(chunk)))
  const ended = new Promise((resolve) => stream.once('end', resolve))
  theirs.write('greeting')
  await once(stream, 'data')
  stream.write('question')
  events.push('written')
  await ended
  expect(events).toEqual(['greeting', 'written', 'first', 'second'])
})
