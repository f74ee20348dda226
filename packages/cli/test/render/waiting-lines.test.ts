import type { BuildKitStartProgress } from '@capstan/feature-buildkit'
import { describe, expect, it } from 'vitest'
import { createBuildDisplay } from '../../src/render/build-display.js'
import { createPullDisplay } from '../../src/render/pull-display.js'
import { createStartDisplay } from '../../src/render/start-display.js'
import { createStatusLine, whileWaiting } from '../../src/render/status-line.js'
import { FakeIo } from '../support/fake-io.js'
import { ManualClock } from '../support/manual-clock.js'

const waiting = (seconds: number): BuildKitStartProgress => {
  return { id: 'buildkit', phase: 'waiting', status: `waiting for BuildKit to answer, ${seconds} s` }
}

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

describe('the display of the start of BuildKit', () => {
  it('writes one line every 10 seconds without a terminal, for any number of events', () => {
    const { stderr } = new FakeIo()
    const clock = new ManualClock()
    const display = createStartDisplay(stderr, { clock })
    for (let second = 1; second <= 60; second += 1) {
      clock.advance(1000)
      display.onProgress(waiting(second))
    }
    expect(stderr.lines.filter((text) => text !== '')).toHaveLength(6)
    expect(stderr.lines[1]).toBe('Waiting for BuildKit to answer, 19 s')
  })

  it('writes nothing without a terminal when the start is short', () => {
    const { stderr } = new FakeIo()
    const clock = new ManualClock()
    const display = createStartDisplay(stderr, { clock })
    display.onProgress(waiting(1))
    display.onProgress({ id: 'buildkit', phase: 'ready', status: 'ready', privilege: 'privileged' })
    clock.advance(60_000)
    expect(stderr.text).toBe('')
  })

  it('rewrites a line on a terminal, without a pull', async () => {
    const { stderr } = new FakeIo({ columns: 60 })
    const display = createStartDisplay(stderr)
    display.onProgress(waiting(1))
    await stderr.waitFor(/Waiting for BuildKit to answer, 1 s/)
    display[Symbol.dispose]()
    expect(stderr.text).not.toContain('\n')
    expect(stderr.text).not.toContain('Pulling')
  })

  it('names the pulled image', () => {
    const { stderr } = new FakeIo()
    const clock = new ManualClock()
    const display = createStartDisplay(stderr, { clock })
    display.onProgress({ id: 'a', phase: 'pulling', image: 'buildkit:rootless', status: 'Downloading' })
    expect(stderr.text).toBe('Pulling buildkit:rootless\n')
  })
})

describe('the display of a pull without a terminal', () => {
  it('writes a line at the start, one every 10 seconds with the sum of the layers, and one at the end', () => {
    const { stderr } = new FakeIo()
    const clock = new ManualClock()
    const display = createPullDisplay(stderr, 'app:1', clock)
    for (let percent = 0; percent <= 100; percent += 1) {
      for (const id of ['a', 'b']) {
        display.onProgress({ id, status: `Downloading ${percent}%`, currentBytes: percent * 1e5, totalBytes: 1e7 })
      }
      clock.advance(250)
    }
    display.succeed('Pulled app:1')
    clock.advance(60_000)
    expect(stderr.lines).toEqual([
      'Pulling app:1',
      'Pulling app:1: 7.8 MB of 20 MB Downloading 39%',
      'Pulling app:1: 15.8 MB of 20 MB Downloading 79%',
      'Pulled app:1',
      '',
    ])
  })

  it('writes nothing when nothing is pulled', () => {
    const { stderr } = new FakeIo()
    const clock = new ManualClock()
    createPullDisplay(stderr, 'app:1', clock)[Symbol.dispose]()
    clock.advance(60_000)
    expect(stderr.text).toBe('')
  })
})

describe('the display of a build by the runtime, without a terminal', () => {
  it('writes the elapsed time every 10 seconds while the builder writes nothing', () => {
    const io = new FakeIo()
    const clock = new ManualClock()
    const display = createBuildDisplay(io, 'plain', clock)
    clock.advance(20_000)
    display.onProgress({ step: 1, totalSteps: 1, text: 'Step 1/1 : FROM scratch', stream: 'stdout' })
    clock.advance(10_000)
    display.succeed('Built it')
    clock.advance(60_000)
    expect(io.stderr.lines).toEqual(['building, 10s', 'building, 20s', 'Step 1/1 : FROM scratch', 'Built it', ''])
  })

  it('shows the text after a carriage return', () => {
    const io = new FakeIo()
    const display = createBuildDisplay(io, 'plain', new ManualClock())
    display.onProgress({ step: 1, totalSteps: 1, text: '10%\r50%\r100%\r', stream: 'stdout' })
    expect(io.stderr.text).toBe('100%\n')
  })
})
