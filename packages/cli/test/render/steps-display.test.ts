import type { BuildProgressEvent } from '@capstan/feature-buildkit'
import { describe, expect, it } from 'vitest'
import { createStepsDisplay } from '../../src/render/steps-display.js'
import { FakeIo } from '../support/fake-io.js'

const at = new Date(0)
const events: readonly BuildProgressEvent[] = [
  { type: 'step', id: 'a', name: '[1/2] COPY . .', state: 'cached', at },
  { type: 'step', id: 'b', name: '[2/2] RUN make', state: 'started', at },
  { type: 'log', stepId: 'b', stream: 'stderr', bytes: Buffer.from('making\n'), at },
  { type: 'warning', stepId: '', message: 'it is old' },
  { type: 'step', id: 'b', name: '[2/2] RUN make', state: 'failed', error: 'no', at: new Date(1500) },
]

describe('what is shown of a build by BuildKit', () => {
  it('is a line for each thing that happens where there is no terminal', () => {
    const io = new FakeIo()
    const display = createStepsDisplay(io, 'auto')
    for (const event of events) display.onEvent(event)
    display.succeed('Built it')
    expect(io.stderr.lines).toEqual([
      '#1 [1/2] COPY . .',
      '#1 cached',
      '#2 [2/2] RUN make',
      '#2 making',
      'warning: it is old',
      '#2 failed after 1.5s',
      'Built it',
      '',
    ])
    expect(io.stdout.text).toBe('')
  })

  it('has the last line of a step before its end, also one that no line feed ends', () => {
    const io = new FakeIo()
    const display = createStepsDisplay(io, 'plain')
    const started: BuildProgressEvent = { type: 'step', id: 'b', name: 'RUN make', state: 'started', at }
    display.onEvent(started)
    display.onEvent({ type: 'log', stepId: 'b', stream: 'stderr', bytes: Buffer.from('it broke'), at })
    display.onEvent({ ...started, state: 'failed', error: 'no' })
    expect(io.stderr.lines).toEqual(['#1 RUN make', '#1 it broke', '#1 failed after 0ms', ''])
  })

  it('is a page on a terminal, of which the step that failed stays', async () => {
    const io = new FakeIo({ columns: 60 })
    const display = createStepsDisplay(io, 'auto')
    for (const event of events.slice(0, 3)) display.onEvent(event)
    await io.stderr.waitFor(/● \[2\/2\] RUN make/)
    expect(io.stderr.text).toContain('│ making')
    for (const event of events.slice(3)) display.onEvent(event)
    display.fail('app was not built')
    expect(io.stderr.text).toMatch(
      /warning: it is old\n.*✖.* \[2\/2\] RUN make .*1\.5s.*\n.*│ making.*\n✖ app was not built\n$/,
    )
  })

  it('ends on a terminal with a line about the whole, and its warnings', () => {
    const io = new FakeIo({ columns: 60 })
    const display = createStepsDisplay(io, 'auto')
    for (const event of events.slice(0, 4)) display.onEvent(event)
    display.succeed('Built it')
    expect(io.stderr.text).toMatch(/warning: it is old\n✔ Built it\n$/)
  })

  it('is an event a line for a program, with output as text', () => {
    const io = new FakeIo()
    const display = createStepsDisplay(io, 'json')
    for (const event of events) display.onEvent(event)
    display.succeed('Built it')
    const documents = io.stdout.lines.filter((line) => line !== '').map((line) => JSON.parse(line))
    expect(documents).toHaveLength(5)
    expect(documents[0]).toMatchObject({ schemaVersion: 1, event: 'step', id: 'a', state: 'cached' })
    expect(documents[2]).toEqual({
      schemaVersion: 1,
      event: 'log',
      stepId: 'b',
      stream: 'stderr',
      at: at.toISOString(),
      text: 'making\n',
    })
    expect(io.stderr.text).toBe('')
  })

  it('cuts no character of the output in two for a program, whatever the pieces', () => {
    const io = new FakeIo()
    const display = createStepsDisplay(io, 'json')
    const take = (stream: 'stdout' | 'stderr', bytes: Uint8Array) =>
      display.onEvent({ type: 'log', stepId: 'b', stream, bytes, at })
    const euro = Buffer.from('€')
    take('stdout', euro.subarray(0, 1))
    take('stderr', Buffer.from('e'))
    take('stdout', euro.subarray(1))
    const documents = io.stdout.lines.filter((line) => line !== '').map((line) => JSON.parse(line))
    expect(documents).toMatchObject([
      { stream: 'stderr', text: 'e' },
      { stream: 'stdout', text: '€' },
    ])
  })

  it('is nothing when it is to be quiet', () => {
    const io = new FakeIo()
    const display = createStepsDisplay(io, 'quiet')
    for (const event of events) display.onEvent(event)
    display.fail('x')
    expect(io.stdout.text + io.stderr.text).toBe('')
  })
})
