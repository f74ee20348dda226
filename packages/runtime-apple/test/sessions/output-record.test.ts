import { expect, it } from 'vitest'
import { OutputLostError, OutputRecord, type ReadOptions } from '../../src/sessions/output-record.js'

const toChunk = (text: string) => ({ source: 'stdout', bytes: Buffer.from(text) }) as const
const signal = new AbortController().signal

async function readAll(record: OutputRecord, options: Partial<ReadOptions> = {}): Promise<string> {
  let text = ''
  for await (const { bytes } of record.read({ from: 'start', signal, ...options })) text += Buffer.from(bytes)
  return text
}

it('gives each reader the whole output, whenever it starts', async () => {
  const record = new OutputRecord()
  const early = readAll(record)
  await record.push(toChunk('one '))
  const late = readAll(record)
  const fromNow = readAll(record, { from: 'now' })
  await record.push(toChunk('two'))
  record.end()
  expect(await Promise.all([early, late, fromNow])).toEqual(['one two', 'one two', 'two'])
})

it('ends a reader of the recorded output before the program ends', async () => {
  const record = new OutputRecord()
  await record.push(toChunk('so far'))
  expect(await readAll(record, { recordedOnly: true })).toBe('so far')
})

it('keeps only the last bytes, and fails a reader that fell behind', async () => {
  const record = new OutputRecord({ keptBytes: 8 })
  const reader = record.read({ from: 'start', signal })
  await record.push(toChunk('12345678'))
  expect(record.isComplete).toBe(true)
  await record.push(toChunk('more'))
  expect(record.isComplete).toBe(false)
  await expect(reader.next()).rejects.toBeInstanceOf(OutputLostError)
})

it('blocks the writer while a reader with `blocksWriter` is behind, and until it ends', async () => {
  const record = new OutputRecord({ keptBytes: 16 })
  const reader = record.read({ from: 'start', signal, blocksWriter: true })
  let hasRoom = false
  const pushing = record.push(toChunk('12345678')).then(() => {
    hasRoom = true
  })
  await Promise.resolve()
  expect(hasRoom).toBe(false)
  await reader.next()
  await reader.return(undefined)
  await pushing
  expect(hasRoom).toBe(true)
})

it('rejects a waiting reader with the reason of the abort', async () => {
  const controller = new AbortController()
  const reading = readAll(new OutputRecord(), { signal: controller.signal })
  const reason = new Error('enough')
  controller.abort(reason)
  await expect(reading).rejects.toBe(reason)
})
