import { describe, expect, it } from 'vitest'
import { Interruption } from '../../src/terminal/interruption.js'
import { Interrupts } from '../../src/terminal/interrupts.js'
import { FakeIo } from '../support/fake-io.js'

describe('Interrupts', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ])('aborts with %s as the reason, which ends with %i', (name, exitCode) => {
    const io = new FakeIo()
    using interrupts = new Interrupts(io)
    io.signals.emit(name)
    expect(interrupts.signal.reason).toBeInstanceOf(Interruption)
    expect(interrupts.signal.reason).toMatchObject({ signal: name, exitCode })
  })

  it('ends the process when a second one comes while the first is being followed', () => {
    const io = new FakeIo()
    using _interrupts = new Interrupts(io)
    io.signals.emit('SIGINT')
    io.signals.emit('SIGINT')
    expect(io.exits).toEqual([130])
  })

  it('leaves them to the command that holds them, with their count', () => {
    const io = new FakeIo()
    using interrupts = new Interrupts(io)
    const seen: unknown[] = []
    const hold = interrupts.hold(({ signal }, count) => seen.push([signal, count]))
    io.signals.emit('SIGINT')
    io.signals.emit('SIGTERM')
    hold[Symbol.dispose]()
    expect(seen).toEqual([
      ['SIGINT', 1],
      ['SIGTERM', 2],
    ])
    expect(interrupts.signal.aborted).toBe(false)
  })

  it('aborts for a command that holds them and leaves, and ends the process at the next one', () => {
    const io = new FakeIo()
    using interrupts = new Interrupts(io)
    using _hold = interrupts.hold((interruption) => interrupts.leave(interruption))
    io.signals.emit('SIGINT')
    expect(interrupts.signal.reason).toMatchObject({ signal: 'SIGINT' })
    expect(io.exits).toEqual([])
    io.signals.emit('SIGINT')
    expect(io.exits).toEqual([130])
  })

  it('takes a reader of stdout that left for a SIGPIPE', () => {
    const io = new FakeIo()
    using interrupts = new Interrupts(io)
    io.stdout.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    expect(interrupts.signal.reason).toMatchObject({ signal: 'SIGPIPE', exitCode: 141 })
  })

  it('leaves no listener for signals behind', () => {
    const io = new FakeIo()
    new Interrupts(io)[Symbol.dispose]()
    expect(io.signals.eventNames()).toEqual([])
  })
})
