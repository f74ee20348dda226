import type { LogChunk } from '@capstan/core'
import { describe, expect, test } from 'vitest'
import { createLogSplitter } from '../../../src/containers/logs/log-splitter.js'
import { createRandom, frame, splitAtRandom } from '../../fake/frames.js'

const first = '2026-01-02T03:04:05.000000001Z'
const second = '2026-01-02T03:04:06.123456789Z'

interface Joined {
  source: string
  text: string
  timestamp: string | undefined
}

/** Joins adjacent chunks of one record, since the split is not specified. */
function split(format: Parameters<typeof createLogSplitter>[0], chunks: readonly Buffer[]) {
  const splitter = createLogSplitter(format)
  const pieces: LogChunk[] = [...chunks.flatMap((chunk) => [...splitter.push(chunk)]), ...splitter.end()]
  const joined: Joined[] = []
  for (const { source, bytes, timestamp } of pieces) {
    const last = joined.at(-1)
    const text = Buffer.from(bytes).toString('latin1')
    if (last !== undefined && last.source === source && last.timestamp === timestamp) last.text += text
    else joined.push({ source, text, timestamp })
  }
  return { joined, last: splitter.lastTimestamp }
}

describe('log of a container without a terminal', () => {
  const bytes = Buffer.concat([frame(1, `${first} out\n`), frame(2, `${second} err of 2 words\n`)])

  test('removes the timestamps, and reports them on request', () => {
    const { joined, last } = split({ isTerminal: false, hasTimestamps: true, reportsTimestamps: true }, [bytes])
    expect(joined).toEqual([
      { source: 'stdout', text: 'out\n', timestamp: first },
      { source: 'stderr', text: 'err of 2 words\n', timestamp: second },
    ])
    expect(last).toBe(second)
  })

  test.each([1, 2, 3, 4])('gives the same result for any chunk borders (seed %i)', (seed) => {
    const format = { isTerminal: false, hasTimestamps: true, reportsTimestamps: true }
    expect(split(format, splitAtRandom(bytes, createRandom(seed), 9))).toEqual(split(format, [bytes]))
  })

  test('has the last timestamp in `last` when timestamps are not reported', () => {
    const { joined, last } = split({ isTerminal: false, hasTimestamps: true, reportsTimestamps: false }, [bytes])
    expect(joined.map(({ timestamp }) => timestamp)).toEqual([undefined, undefined])
    expect(last).toBe(second)
  })

  test('does not change text like JSON or a timestamp', () => {
    const format = { isTerminal: false, hasTimestamps: false, reportsTimestamps: false }
    expect(split(format, [frame(1, '{"a":1}')]).joined[0]?.text).toBe('{"a":1}')
    expect(split(format, [frame(1, `${first} text`)]).joined[0]?.text).toBe(`${first} text`)
  })

  test('passes all text of a record without a timestamp on', () => {
    const format = { isTerminal: false, hasTimestamps: true, reportsTimestamps: true }
    expect(split(format, [frame(1, 'no time here\n'), frame(1, 'x')]).joined).toEqual([
      { source: 'stdout', text: 'no time here\nx', timestamp: undefined },
    ])
  })
})

describe('log of a terminal', () => {
  const format = { isTerminal: true, hasTimestamps: true, reportsTimestamps: true }

  test('is one stream, passed on unchanged', () => {
    const plain = { isTerminal: true, hasTimestamps: false, reportsTimestamps: false }
    expect(split(plain, [Buffer.from('a\r\n'), Buffer.from([0xff])]).joined).toEqual([
      { source: 'combined', text: 'a\r\n\xff', timestamp: undefined },
    ])
  })

  const long = 'z'.repeat(16 * 1024)
  const bytes = Buffer.from(`${first} one\r\n${second} ${long}${first} rest ${second}\r\n`)

  test('removes the timestamp from each line, and after each 16 KiB of a line', () => {
    const { joined } = split(format, [bytes])
    expect(joined).toEqual([
      { source: 'combined', text: 'one\r\n', timestamp: first },
      { source: 'combined', text: long, timestamp: second },
      { source: 'combined', text: `rest ${second}\r\n`, timestamp: first },
    ])
  })

  test.each([1, 2, 3, 4])('gives the same result for any chunk borders (seed %i)', (seed) => {
    expect(split(format, splitAtRandom(bytes, createRandom(seed), 50))).toEqual(split(format, [bytes]))
  })

  test('passes a line that is shorter than a timestamp on', () => {
    expect(split(format, [Buffer.from('2026-01')]).joined.map(({ text }) => text)).toEqual(['2026-01'])
  })
})

describe('an error in a log', () => {
  const bad = Buffer.from('HTTP/1.1 500 x')
  const cut = frame(1, 'cut off').subarray(0, 10)

  test.each([
    ['an error frame of the engine', [frame(1, 'a'), frame(2, 'b'), frame(3, 'gone')], 'gone'],
    ['bytes that are not a frame', [frame(1, 'a'), frame(2, 'b'), bad], 'invalid frame'],
    ['an incomplete frame', [frame(1, 'a'), frame(2, 'b'), cut], 'within a frame'],
  ])('gives the data before %s in one chunk, then throws', (_, parts, text) => {
    const splitter = createLogSplitter({ isTerminal: false, hasTimestamps: false, reportsTimestamps: false })
    const read: string[] = []
    const readAll = () => {
      for (const { bytes } of splitter.push(Buffer.concat(parts))) read.push(Buffer.from(bytes).toString())
      for (const { bytes } of splitter.end()) read.push(Buffer.from(bytes).toString())
    }
    expect(readAll).toThrow(text)
    expect(read.slice(0, 2)).toEqual(['a', 'b'])
  })
})
