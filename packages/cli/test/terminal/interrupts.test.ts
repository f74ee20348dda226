import { describe, expect, it } from 'vitest'
import { Interruption } from '../../src/errors/interruption.js'
import { Interrupts } from '../../src/terminal/interrupts.js'
import { FakeIo } from '../support/fake-io.js'

describe('Interrupts', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ])('aborts with %s as the reason, whose exit code is %i', (name, exitCode) => {
    const io = new FakeIo()
    using interrupts = new Interrupts(io)
    io.signals.emit(name)
    expect(interrupts.signal.reason).toBeInstanceOf(Interruption)
    expect(interrupts.signal.reason).toMatchObject({ signal: name, exitCode })
  })

  it('exits the process on a second interruption during the cleanup', () => {
    const io = new FakeIo()
    using _interrupts = new Interrupts(io)
    io.signals.emit('SIGINT')
    io.signals.emit('SIGINT')
    expect(io.exits).toEqual([130])
  })

  it('passes interruptions with their number to a handler', () => {
    const io = new FakeIo()
    using interrupts = new Interrupts(io)
    const seen: unknown[] = []
    const handling = interrupts.handle(({ signal }, count) => seen.push([signal, count]))
    io.signals.emit('SIGINT')
    io.signals.emit('SIGTERM')
    handling[Symbol.dispose]()
    expect(seen).toEqual([
      ['SIGINT', 1],
      ['SIGTERM', 2],
    ])
    expect(interrupts.signal.aborted).toBe(false)
  })

  it('aborts when a handler calls abort, and exits the process on the next interruption', () => {
    const io = new FakeIo()
    using interrupts = new Interrupts(io)
    using _handling = interrupts.handle((interruption) => interrupts.abort(interruption))
    io.signals.emit('SIGINT')
    expect(interrupts.signal.reason).toMatchObject({ signal: 'SIGINT' })
    expect(io.exits).toEqual([])
    io.signals.emit('SIGINT')
    expect(io.exits).toEqual([130])
  })

  it('treats a closed stdout as SIGPIPE', () => {
    const io = new FakeIo()
    using interrupts = new Interrupts(io)
    io.stdout.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    expect(interrupts.signal.reason).toMatchObject({ signal: 'SIGPIPE', exitCode: 141 })
  })

  it('removes its listeners for signals on disposal', () => {
    const io = new FakeIo()
    new Interrupts(io)[Symbol.dispose]()
    expect(io.signals.eventNames()).toEqual([])
  })
})
