import { describe, expect, it } from 'vitest'
import { createPullDisplay } from '../../src/render/pull-display.js'
import { FakeIo } from '../support/fake-io.js'
import { ManualClock } from '../support/manual-clock.js'

describe('the display of a pull without a terminal', () => {
  it('writes a line at the start, one every 10 seconds with the sum of the layers, and one at the end', () => {
    const { stderr } = new FakeIo()
    const clock = new ManualClock()
    const display = createPullDisplay(stderr, 'app:1', { clock })
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
    createPullDisplay(stderr, 'app:1', { clock })[Symbol.dispose]()
    clock.advance(60_000)
    expect(stderr.text).toBe('')
  })
})
