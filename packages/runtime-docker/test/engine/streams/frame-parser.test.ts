import { describe, expect, test } from 'vitest'
import { AnswerFormatError } from '../../../src/engine/answer-format-error.js'
import { EngineStreamError, FrameParser, type FrameSource } from '../../../src/engine/streams/frame-parser.js'
import { createRandom, frame, splitAtRandom } from '../../fake/frames.js'

function parse(chunks: readonly Buffer[]) {
  const pieces: { source: FrameSource; bytes: Buffer; isLast: boolean }[] = []
  const parser = new FrameParser((source, bytes, { isLast }) =>
    pieces.push({ source, bytes: Buffer.from(bytes), isLast }),
  )
  for (const chunk of chunks) parser.push(chunk)
  parser.end()
  const of = (wanted: FrameSource) =>
    Buffer.concat(pieces.filter(({ source }) => source === wanted).map(({ bytes }) => bytes)).toString()
  return { stdout: of('stdout'), stderr: of('stderr'), frames: pieces.filter(({ isLast }) => isLast).length }
}

describe('FrameParser', () => {
  const whole = Buffer.concat([
    frame(1, 'one'),
    frame(2, 'two'),
    frame(1, ''),
    frame(0, 'three'),
    frame(1, 'x'.repeat(70_000)),
    frame(2, '€'),
  ])

  test('splits the bytes by stream, accepts length 0, and treats type 0 as stdout', () => {
    const { stdout, stderr } = parse([whole])
    expect(stdout).toBe(`onethree${'x'.repeat(70_000)}`)
    expect(stderr).toBe('two€')
  })

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('gives the same result for any chunk borders (seed %i)', (seed) => {
    const random = createRandom(seed)
    expect(parse(splitAtRandom(whole, random, 1 + Math.floor(random() * 3_000)))).toEqual(parse([whole]))
  })

  test.each([1, 2, 3, 4])('joins successive payloads of one source in each chunk (seed %i)', (seed) => {
    const sources = [1, 1, 2, 1, 1, 1, 2, 2] as const
    const bytes = Buffer.concat(
      sources.map((type, index) => frame(type, `record ${index} ${'z'.repeat(index * 40)}\n`)),
    )
    const expected = parse([Buffer.from(bytes)])
    const texts = { stdout: '', stderr: '' }
    const read = (chunks: readonly Buffer[]) => {
      let pieces = 0
      const join = (source: FrameSource, piece: Buffer) => {
        texts[source] += piece.toString()
        pieces += 1
      }
      const parser = new FrameParser(join, { joins: true })
      for (const chunk of chunks) parser.push(Buffer.from(chunk))
      parser.end()
      return pieces
    }
    expect(read([bytes])).toBe(4)
    expect(texts).toEqual({ stdout: expected.stdout, stderr: expected.stderr })
    read(splitAtRandom(bytes, createRandom(seed), 30))
    expect(texts).toEqual({ stdout: expected.stdout.repeat(2), stderr: expected.stderr.repeat(2) })
  })

  test('passes the joined payloads before an invalid frame, then throws', () => {
    const read: string[] = []
    const parser = new FrameParser((_, piece) => read.push(piece.toString()), { joins: true })
    const bytes = Buffer.concat([frame(1, 'one'), frame(1, 'two'), Buffer.from('no frame')])
    expect(() => parser.push(bytes)).toThrow(AnswerFormatError)
    expect(read).toEqual(['onetwo'])
  })

  test('gives the same result for chunks of one byte', () => {
    const small = Buffer.concat([frame(1, 'abc'), frame(2, ''), frame(2, 'de')])
    expect(parse([...small].map((byte) => Buffer.from([byte])))).toEqual({ stdout: 'abc', stderr: 'de', frames: 2 })
  })

  test('parses a chunk of 64 KB with frames of one byte without recursion', () => {
    const chunk = Buffer.concat(Array.from({ length: 7_281 }, (_, index) => frame(1 + (index % 2), 'y')))
    const { stdout, stderr, frames } = parse([chunk])
    expect([stdout.length, stderr.length, frames]).toEqual([3_641, 3_640, 7_281])
  })

  test('passes the payload on without copying it', () => {
    const chunk = Buffer.concat([frame(1, 'abc'), frame(1, 'def')])
    const parser = new FrameParser((_, bytes) => expect(bytes.buffer).toBe(chunk.buffer))
    parser.push(chunk)
    expect.assertions(2)
  })

  test("throws the engine's error for a frame of type 3, split anywhere", () => {
    const bytes = Buffer.concat([frame(1, 'out'), frame(3, 'error from daemon in stream')])
    for (const chunks of [[bytes], splitAtRandom(bytes, createRandom(7), 5)]) {
      expect(() => parse(chunks)).toThrow(new EngineStreamError('error from daemon in stream'))
    }
  })

  test.each([
    ['an unknown type', frame(7, 'x')],
    ['a length over the limit', Buffer.from([1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff])],
    ['bytes of text where a header should be', Buffer.from('plain text that is no frame')],
  ])('rejects %s', (_, bytes) => {
    expect(() => parse([bytes])).toThrow(AnswerFormatError)
  })

  test.each([
    ['a header', frame(1, 'abc').subarray(0, 5)],
    ['a payload', frame(1, 'abc').subarray(0, 10)],
    ['an error frame', undefined],
  ])('rejects an end within %s', (_, bytes) => {
    expect(() => parse([bytes ?? frame(3, 'cut off').subarray(0, 10)])).toThrow()
  })
})
