import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { DetachableInput, untilDetached } from '../../src/terminal/detachable-input.js'

/** Returns what is passed on of the chunks, and whether the keys `p`, `q` were found. */
async function pass(chunks: readonly string[], keys = 'pq') {
  const source = new PassThrough()
  const input = new DetachableInput(source, Buffer.from(keys))
  let passed = ''
  input.on('data', (chunk) => {
    passed += String(chunk)
  })
  const ended = new Promise<void>((resolve) => {
    input.on('end', resolve)
    input.detached.addEventListener('abort', () => resolve())
  })
  for (const chunk of chunks) source.write(chunk)
  source.end()
  await ended
  await new Promise((resolve) => setImmediate(resolve)) // the last data follows the event
  return { passed, isDetached: input.detached.aborted }
}

describe('DetachableInput', () => {
  it.each([
    [['abc'], 'abc'],
    [['ap', 'b'], 'apb'],
    [['ppb'], 'ppb'],
    [['q', 'p', 'p', 'p'], 'qpp'],
  ])('passes on %j', async (chunks, passed) => {
    expect(await pass(chunks)).toEqual({ passed, isDetached: false })
  })

  it.each([
    [['pq'], ''],
    [['ab', 'p', 'q', 'cd'], 'ab'],
    [['ppq'], 'p'],
    [['apxpqb'], 'apx'],
  ])('detaches at the keys in %j', async (chunks, passed) => {
    expect(await pass(chunks)).toEqual({ passed, isDetached: true })
  })

  it('passes on everything without keys', async () => {
    expect(await pass(['pq'], '')).toEqual({ passed: 'pq', isDetached: false })
  })

  it('passes on the end and the error of its source', async () => {
    const source = new PassThrough()
    const input = new DetachableInput(source, Buffer.from('pq'))
    source.destroy(new Error('no terminal'))
    await expect(text(input)).rejects.toThrow('no terminal')
  })

  it('pauses its source when it is disposed of', () => {
    const source = new PassThrough()
    new DetachableInput(source, Buffer.from('pq'))[Symbol.dispose]()
    expect(source.isPaused()).toBe(true)
    expect(source.listenerCount('error')).toBe(0)
  })
})

describe('untilDetached', () => {
  it('settles with the session, and ignores its later failure after the keys', async () => {
    const source = new PassThrough()
    const input = new DetachableInput(source, Buffer.from('pq'))
    input.resume()
    expect(await untilDetached(Promise.resolve(3), input)).toBe(3)
    expect(await untilDetached(Promise.resolve(3), undefined)).toBe(3)
    await expect(untilDetached(Promise.reject(new Error('failed')), input)).rejects.toThrow('failed')
    let fail = (_: Error) => {}
    const detached = untilDetached(new Promise<number>((_, reject) => (fail = reject)), input)
    source.write('pq')
    expect(await detached).toBe('detached')
    fail(new Error('closed'))
  })
})
