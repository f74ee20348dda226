import { describe, expect, it } from 'vitest'
import { createRuntimeBuildDisplay } from '../../src/render/runtime-build-display.js'
import { FakeIo } from '../support/fake-io.js'
import { ManualClock } from '../support/manual-clock.js'

describe('the display of a build by the runtime, without a terminal', () => {
  it('writes the elapsed time every 10 seconds while the builder writes nothing', () => {
    const io = new FakeIo()
    const clock = new ManualClock()
    const display = createRuntimeBuildDisplay(io, 'plain', clock)
    clock.advance(20_000)
    display.onProgress({ step: 1, totalSteps: 1, text: 'Step 1/1 : FROM scratch', stream: 'stdout' })
    clock.advance(10_000)
    display.succeed('Built it')
    clock.advance(60_000)
    expect(io.stderr.lines).toEqual(['building, 10s', 'building, 20s', 'Step 1/1 : FROM scratch', 'Built it', ''])
  })

  it('writes a record of BuildKit for each line with --progress rawjson', () => {
    const io = new FakeIo()
    const display = createRuntimeBuildDisplay(io, 'rawjson')
    display.onProgress({ step: 1, totalSteps: 1, text: 'FROM scratch', stream: 'stderr' })
    display.succeed('Built it')
    expect(io.stderr.lines.filter(Boolean).map((line) => JSON.parse(line))).toEqual([
      { logs: [{ vertex: '', stream: 2, timestamp: expect.any(String), data: 'RlJPTSBzY3JhdGNoCg==' }] },
    ])
  })

  it('shows the text after a carriage return', () => {
    const io = new FakeIo()
    const display = createRuntimeBuildDisplay(io, 'plain', new ManualClock())
    display.onProgress({ step: 1, totalSteps: 1, text: '10%\r50%\r100%\r', stream: 'stdout' })
    expect(io.stderr.text).toBe('100%\n')
  })
})
