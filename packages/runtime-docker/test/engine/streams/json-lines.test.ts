import { expect, test } from 'vitest'
import { readJsonLines } from '../../../src/engine/streams/json-lines.js'
import { readEngineMessages } from '../../../src/images/engine-message.js'
import { chunksOf, toChunks } from '../../images/chunks.js'

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

test('reads the same objects for any chunk borders', async () => {
  const text = '{"status":"grüße 😀"}\r\n\n{"a":1}\n  \n{"last":true}'
  const expected = [{ status: 'grüße 😀' }, { a: 1 }, { last: true }]
  for (let size = 1; size < 40; size += 1) {
    expect(await collect(readJsonLines(chunksOf(text, size), 'pullImage'))).toEqual(expected)
  }
})

test.for(['{"a":', 'plain words', '[1]', '1', 'null', '"text"'])(
  'rejects with PROTOCOL_ERROR and an excerpt for a line that is not an object: %j',
  async (line) => {
    const reading = collect(readJsonLines(toChunks(`{"fine":1}\n${line}\n{"never":1}\n`), 'pullImage'))
    await expect(reading).rejects.toMatchObject({
      code: 'PROTOCOL_ERROR',
      facts: { operation: 'pullImage', excerpt: line },
    })
  },
)

test('rejects a line without end before it fills the memory, with an excerpt of at most 500 bytes', async () => {
  let given = 0
  async function* endless(): AsyncIterable<Uint8Array> {
    for (; ; given += 1) yield Buffer.from('ü'.repeat(50_000))
  }
  const failure = await collect(readJsonLines(endless(), 'buildImage')).catch((error: unknown) => error)
  expect(failure).toMatchObject({ code: 'PROTOCOL_ERROR' })
  expect(given).toBeLessThan(30)
  const { excerpt } = (failure as { facts: { excerpt: string } }).facts // checked by its code
  expect(Buffer.byteLength(excerpt)).toBeLessThanOrEqual(500)
  expect(excerpt).toMatch(/^ü+$/)
})

test('throws an error of the stream unchanged', async () => {
  const broken = new Error('cut')
  async function* cut(): AsyncIterable<Uint8Array> {
    yield Buffer.from('{"a":1}\n{"b"')
    throw broken
  }
  await expect(collect(readJsonLines(cut(), 'pullImage'))).rejects.toBe(broken)
})

test.for([
  ['{"error":"plain"}', 'plain', undefined],
  ['{"errorDetail":{"code":9,"message":"detail"},"error":"plain"}', 'detail', 9],
  ['{"errorDetail":{"message":" spaces "}}', 'spaces', undefined],
  ['{"errorDetail":"odd"}', '"odd"', undefined],
  ['{"error":{"odd":1}}', '{"odd":1}', undefined],
] as const)('rejects at the first %s, whatever follows it', async ([line, text, code]) => {
  const toError = (failure: object) => ({ thrown: failure })
  const reading = collect(
    readEngineMessages(toChunks(`{"status":"x"}\n${line}\n{"status":"fine"}\n`), { operation: 'pullImage', toError }),
  )
  await expect(reading).rejects.toEqual({ thrown: { text, code } })
})

test('reads ids, bytes and results from messages, and omits seconds and unknown totals', async () => {
  const lines = [
    '{"status":"Downloading","id":"abc","progressDetail":{"current":5,"total":10}}',
    '{"status":"Extracting","id":"abc","progressDetail":{"current":5,"units":"s"}}',
    '{"status":"Downloading","id":"abc","progressDetail":{"current":5,"total":-1}}',
    '{"aux":{"ID":"sha256:1"},"error":null}',
  ]
  const toError = () => new Error('none is expected')
  const messages = await collect(readEngineMessages(toChunks(lines.join('\n')), { operation: 'x', toError }))
  expect(messages.map(({ currentBytes, totalBytes }) => [currentBytes, totalBytes])).toEqual([
    [5, 10],
    [undefined, undefined],
    [5, undefined],
    [undefined, undefined],
  ])
  expect(messages[3]?.imageId).toBe('sha256:1')
})

test('yields a last object without line end before the error of the stream', async () => {
  async function* broken(): AsyncIterable<Uint8Array> {
    yield Buffer.from('{"a":1}\n{"error":"denied"}')
    throw new Error('the connection was reset')
  }
  const read: unknown[] = []
  const reading = (async () => {
    for await (const object of readJsonLines(broken(), 'pullImage')) read.push(object)
  })()
  await expect(reading).rejects.toThrow('the connection was reset')
  expect(read).toEqual([{ a: 1 }, { error: 'denied' }])
})
