import { expect, it } from 'vitest'
import { OutputLostError, OutputRecord, type ReadOptions } from '../../src/session/output-record.js'

const toChunk = (text: string) => ({ source: 'stdout', bytes: Buffer.from(text) }) as const
const signal = new AbortController().signal

async function readAll(record: OutputRecord, options: Partial<ReadOptions> = {}): Promise<string> {
  let text = ''
  for await (const { bytes } of record.read({ from: 'start', signal, ...options })) text += Buffer.from(bytes)
  return text
}

it('gives each reader everything, whenever it begins', async () => {
  const record = new OutputRecord()
  const early = readAll(record)
  await record.push(toChunk('one '))
  const late = readAll(record)
  const fromNow = readAll(record, { from: 'now' })
  await record.push(toChunk('two'))
  record.end()
  expect(await Promise.all([early, late, fromNow])).toEqual(['one two', 'one two', 'two'])
})

it('ends a reader that wants what there is, while more may come', async () => {
  const record = new OutputRecord()
  await record.push(toChunk('so far'))
  expect(await readAll(record, { hasEnd: true })).toBe('so far')
})

it('keeps the last bytes alone; who is behind is told, and is not given a gap', async () => {
  const record = new OutputRecord({ keptBytes: 8 })
  const reader = record.read({ from: 'start', signal })
  await record.push(toChunk('12345678'))
  expect(record.isWhole).toBe(true)
  await record.push(toChunk('more'))
  expect(record.isWhole).toBe(false)
  await expect(reader.next()).rejects.toBeInstanceOf(OutputLostError)
})

it('waits for a paced reader, and no longer than that reads', async () => {
  const record = new OutputRecord({ keptBytes: 16 })
  const reader = record.read({ from: 'start', signal, isPaced: true })
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

it('ends a reader that waits, with the reason of the abort', async () => {
  const controller = new AbortController()
  const reading = readAll(new OutputRecord(), { signal: controller.signal })
  const reason = new Error('enough')
  controller.abort(reason)
  await expect(reading).rejects.toBe(reason)
})
