import { once } from 'node:events'
import { PassThrough, Readable, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { pumpInput } from '../../../src/plugin.js'

const call = { operation: 'attach', subject: 'web' }

describe('pumpInput', () => {
  it('copies everything, and ends the target with the input', async () => {
    const target = new PassThrough()
    pumpInput(Readable.from(['one ', 'two']), target, call)
    expect(await text(target)).toBe('one two')
  })

  it.each([
    ['has ended', async (source: PassThrough) => void (await once(source.end().resume(), 'end'))],
    ['was closed', async (source: PassThrough) => void (await once(source.destroy(), 'close'))],
  ])('ends the target immediately when the input %s before the call', async (_, finish) => {
    const source = new PassThrough()
    await finish(source)
    const target = new PassThrough()
    pumpInput(source, target, call)
    expect(await text(target)).toBe('')
  })

  it('ends the target when the input is closed without an end', async () => {
    const source = new PassThrough()
    const target = new PassThrough()
    pumpInput(source, target, call)
    source.write('one')
    await once(target, 'readable')
    source.destroy()
    expect(await text(target)).toBe('one')
  })

  it('reads no faster than the target accepts data', async () => {
    let release = () => {}
    const written: string[] = []
    const target = new Writable({
      highWaterMark: 1,
      write(chunk: Buffer, _encoding, done) {
        written.push(chunk.toString())
        release = done
      },
    })
    const source = new PassThrough()
    pumpInput(source, target, call)
    source.write('one')
    await setImmediate()
    source.write('two')
    await setImmediate()
    expect({ written, isPaused: source.isPaused() }).toEqual({ written: ['one'], isPaused: true })
    release()
    await setImmediate()
    expect(written).toEqual(['one', 'two'])
  })

  it.each(['before', 'during'])(
    'rejects with OPERATION_FAILED, without an end of the target, for an input that fails %s the copy',
    async (when) => {
      const source = new PassThrough()
      const target = new PassThrough()
      const fail = async () => {
        source.destroy(new Error('the disk is gone'))
        await once(source, 'error').catch(() => {})
      }
      source.on('error', () => {})
      if (when === 'before') await fail()
      const { failed } = pumpInput(source, target, call)
      if (when === 'during') source.destroy(new Error('the disk is gone'))
      const reason = 'the stream for the input has failed: the disk is gone'
      await expect(failed).rejects.toMatchObject({ code: 'OPERATION_FAILED', facts: { ...call, reason } })
      expect(target.writableEnded).toBe(false)
    },
  )

  it('stops without a failure when the process ends before it has read the whole input', async () => {
    const source = new PassThrough()
    const target = new PassThrough()
    pumpInput(source, target, call)
    target.destroy()
    await once(target, 'close')
    source.write('more')
    await setImmediate()
    expect({ isPaused: source.isPaused(), isDestroyed: source.destroyed }).toEqual({
      isPaused: true,
      isDestroyed: false,
    })
  })

  it('pauses the input and removes its listeners when it is stopped', async () => {
    const source = new PassThrough()
    const before = source.eventNames()
    const target = new PassThrough()
    const { stop } = pumpInput(source, target, call)
    stop()
    source.write('more')
    await setImmediate()
    expect(source.eventNames()).toEqual(before)
    expect({ isPaused: source.isPaused(), isEnded: target.writableEnded }).toEqual({ isPaused: true, isEnded: false })
  })
})
