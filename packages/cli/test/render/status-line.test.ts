import { describe, expect, it } from 'vitest'
import { createStatusLine, whileWaiting } from '../../src/render/status-line.js'
import { FakeIo } from '../support/fake-io.js'
import { ManualClock } from '../support/manual-clock.js'

describe('a status line without a terminal', () => {
  it('is written every 10 seconds, with the elapsed time if its text is unchanged', () => {
    const { stderr } = new FakeIo()
    const clock = new ManualClock()
    const line = createStatusLine(stderr, clock)
    line.show('one')
    line.show('two')
    clock.advance(9_999)
    expect(stderr.text).toBe('')
    clock.advance(20_001)
    expect(stderr.lines).toEqual(['two', 'two (20s)', 'two (30s)', ''])
    line.clear()
    clock.advance(60_000)
    expect(stderr.lines).toHaveLength(4)
  })

  it('contains no line feeds and no control characters', () => {
    const { stderr } = new FakeIo()
    const clock = new ManualClock()
    createStatusLine(stderr, clock).show('one\n  two\u001b[2J\r\nthree\u202e')
    clock.advance(10_000)
    expect(stderr.text).toBe('one two\ufffd[2J three\ufffd\n')
  })
})

describe('whileWaiting', () => {
  it('shows its text on a terminal after a second, and removes it at the end', async () => {
    const { stderr } = new FakeIo({ columns: 60 })
    const clock = new ManualClock()
    const answer = await whileWaiting(
      stderr,
      'Looking for a runtime',
      async () => {
        clock.advance(999)
        expect(stderr.text).toBe('')
        clock.advance(1)
        await stderr.waitFor(/Looking for a runtime/)
        return 7
      },
      clock,
    )
    expect(answer).toBe(7)
    const { length } = stderr.text
    clock.advance(60_000)
    expect(stderr.text).toHaveLength(length)
  })

  it('writes its text every 10 seconds without a terminal, until the work fails', async () => {
    const { stderr } = new FakeIo()
    const clock = new ManualClock()
    const work = async () => {
      clock.advance(25_000)
      throw new Error('of the work')
    }
    await expect(whileWaiting(stderr, 'Looking', work, clock)).rejects.toThrow('of the work')
    clock.advance(60_000)
    expect(stderr.lines).toEqual(['Looking', 'Looking (20s)', ''])
  })
})
