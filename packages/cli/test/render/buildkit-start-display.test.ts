import type { BuildKitStartProgress } from '@capstan/feature-buildkit'
import { describe, expect, it } from 'vitest'
import { createBuildKitStartDisplay } from '../../src/render/buildkit-start-display.js'
import { FakeIo } from '../support/fake-io.js'
import { ManualClock } from '../support/manual-clock.js'

const waiting = (seconds: number): BuildKitStartProgress => {
  return { id: 'buildkit', phase: 'waiting', status: `waiting until BuildKit is ready, ${seconds} s` }
}

describe('the display of the start of BuildKit', () => {
  it('writes one line every 10 seconds without a terminal, for any number of events', () => {
    const { stderr } = new FakeIo()
    const clock = new ManualClock()
    const display = createBuildKitStartDisplay(stderr, { clock })
    for (let second = 1; second <= 60; second += 1) {
      clock.advance(1000)
      display.onProgress(waiting(second))
    }
    expect(stderr.lines.filter((text) => text !== '')).toHaveLength(6)
    expect(stderr.lines[1]).toBe('Waiting until BuildKit is ready, 19 s')
  })

  it('writes nothing without a terminal when the start is short', () => {
    const { stderr } = new FakeIo()
    const clock = new ManualClock()
    const display = createBuildKitStartDisplay(stderr, { clock })
    display.onProgress(waiting(1))
    display.onProgress({ id: 'buildkit', phase: 'ready', status: 'ready', privilege: 'privileged' })
    clock.advance(60_000)
    expect(stderr.text).toBe('')
  })

  it('rewrites a line on a terminal, without a pull', async () => {
    const { stderr } = new FakeIo({ columns: 60 })
    const display = createBuildKitStartDisplay(stderr)
    display.onProgress(waiting(1))
    await stderr.waitFor(/Waiting until BuildKit is ready, 1 s/)
    display[Symbol.dispose]()
    expect(stderr.text).not.toContain('\n')
    expect(stderr.text).not.toContain('Pulling')
  })

  it('names the pulled image', () => {
    const { stderr } = new FakeIo()
    const clock = new ManualClock()
    const display = createBuildKitStartDisplay(stderr, { clock })
    display.onProgress({ id: 'a', phase: 'pulling', image: 'buildkit:rootless', status: 'Downloading' })
    expect(stderr.text).toBe('Pulling buildkit:rootless\n')
  })
})
