import { stripVTControlCharacters } from 'node:util'
import type { BuildProgressEvent } from '@capstan/feature-buildkit'
import { describe, expect, it } from 'vitest'
import { createBuildKitBuildDisplay } from '../../src/render/buildkit-build-display.js'
import { FakeIo } from '../support/fake-io.js'
import { ManualClock } from '../support/manual-clock.js'

const at = new Date(0)
const transfer = { type: 'transfer', id: 'context', totalBytes: 300e6, isDone: false, at } as const
const events: readonly BuildProgressEvent[] = [
  { type: 'step', id: 'a', name: '[1/2] COPY . .', state: 'cached', at },
  { type: 'step', id: 'b', name: '[2/2] RUN make', state: 'started', at },
  { type: 'log', stepId: 'b', stream: 'stderr', bytes: Buffer.from('making\n'), at: new Date(250) },
  { type: 'warning', stepId: '', message: 'it is old', url: 'https://docs.example/old' },
  { type: 'step', id: 'b', name: '[2/2] RUN make', state: 'failed', error: 'no', at: new Date(1500) },
]

describe('the display of a build by BuildKit', () => {
  it('writes a line per event without a terminal', () => {
    const io = new FakeIo()
    const display = createBuildKitBuildDisplay(io, 'auto')
    for (const event of events) display.onEvent(event)
    display.succeed('Built it')
    expect(io.stderr.lines).toEqual([
      '#1 [1/2] COPY . .',
      '#1 CACHED',
      '',
      '#2 [2/2] RUN make',
      '#2 0.250 making',
      'warning: it is old',
      '#2 ERROR: no',
      '',
      '1 warning:',
      ' - it is old',
      '   https://docs.example/old',
      'Built it',
      '',
    ])
    expect(io.stdout.text).toBe('')
  })

  it('writes the warnings of a step with its number, also after its end', () => {
    const { io, clock, display } = createPlain()
    const started: BuildProgressEvent = { type: 'step', id: 'b', name: 'RUN make', state: 'started', at }
    const warning = { type: 'warning', stepId: 'b' } as const
    display.onEvent(started)
    display.onEvent({ ...warning, message: 'old\n(line 2)' })
    display.onEvent({ ...started, state: 'completed' })
    clock.advance(500)
    display.onEvent({ ...warning, message: 'late' })
    const lines = ['#1 RUN make', '#1 WARN: old (line 2)', '#1 DONE 0.0s', '#1 WARN: late', '']
    expect(io.stderr.lines).toEqual(lines)
  })

  it('writes the last line of a step before its end, also without a line feed', () => {
    const { io, clock, display } = createPlain()
    const started: BuildProgressEvent = { type: 'step', id: 'b', name: 'RUN make', state: 'started', at }
    display.onEvent(started)
    const log = { type: 'log', stepId: 'b', stream: 'stderr', at } as const
    display.onEvent({ ...log, bytes: Buffer.from('making\n') })
    display.onEvent({ ...started, state: 'failed', error: 'no' })
    display.onEvent({ ...log, bytes: Buffer.from('it broke') })
    clock.advance(500)
    expect(io.stderr.lines).toEqual(['#1 RUN make', '#1 0.000 making', '#1 0.000 it broke', '#1 ERROR: no', ''])
  })

  it('draws a page on a terminal, and keeps the failed step', async () => {
    const io = new FakeIo({ columns: 60 })
    const display = createBuildKitBuildDisplay(io, 'auto')
    for (const event of events.slice(0, 3)) display.onEvent(event)
    await io.stderr.waitFor(/● \[2\/2\] RUN make/)
    expect(io.stderr.text).toContain('│ making')
    for (const event of events.slice(3)) display.onEvent(event)
    display.fail('app was not built')
    expect(io.stderr.text).toMatch(
      /✔.* \[1\/2\] COPY .*cached.*\n.*✖.* \[2\/2\] RUN make .*1\.5s.*\n.*│ making.*\n1 warning:\n - it is old\n {3}https:.*\n✖ app was not built\n$/,
    )
  })

  it('ends on a terminal with the warnings and a final line', () => {
    const io = new FakeIo({ columns: 60 })
    const display = createBuildKitBuildDisplay(io, 'auto')
    for (const event of events.slice(0, 4)) display.onEvent(event)
    display.succeed('Built it')
    expect(io.stderr.text).toMatch(/1 warning:\n - it is old\n.*\n✔ Built it\n$/)
  })

  it('writes one JSON document per event, with output as text', () => {
    const io = new FakeIo()
    const display = createBuildKitBuildDisplay(io, 'json')
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
      at: new Date(250).toISOString(),
      text: 'making\n',
    })
    expect(io.stderr.text).toBe('')
  })

  it('splits no character in JSON output, for any chunks', () => {
    const io = new FakeIo()
    const display = createBuildKitBuildDisplay(io, 'json')
    const write = (stream: 'stdout' | 'stderr', bytes: Uint8Array) =>
      display.onEvent({ type: 'log', stepId: 'b', stream, bytes, at })
    const euro = Buffer.from('€')
    write('stdout', euro.subarray(0, 1))
    write('stderr', Buffer.from('e'))
    write('stdout', euro.subarray(1))
    const documents = io.stdout.lines.filter((line) => line !== '').map((line) => JSON.parse(line))
    expect(documents).toMatchObject([
      { stream: 'stderr', text: 'e' },
      { stream: 'stdout', text: '€' },
    ])
  })

  it('writes the end of the output of a failed step again without a terminal, not that of a canceled step', () => {
    const { io, display } = createPlain()
    const [failing, canceled] = ['RUN make', 'RUN sleep 9'].map(
      (name) => ({ type: 'step', id: name, name, at }) as const,
    )
    for (const step of [failing, canceled]) display.onEvent({ ...step, state: 'started' } as BuildProgressEvent)
    display.onEvent({ type: 'log', stepId: 'RUN make', stream: 'stderr', bytes: Buffer.from('it broke\n'), at })
    display.onEvent({ ...failing, state: 'failed', error: 'exit code: 2' } as BuildProgressEvent)
    display.onEvent({ ...canceled, state: 'failed', error: 'rpc: context canceled' } as BuildProgressEvent)
    display.fail('app was not built')
    expect(io.stderr.lines).toEqual([
      ...['#1 RUN make', '#1 0.000 it broke', '#1 ERROR: exit code: 2', '', '#2 RUN sleep 9', '#2 CANCELED', ''],
      ...['------', ' > RUN make:', 'it broke', '------', ''],
    ])
  })

  it('writes the lines of steps that run at the same time in blocks of one step', () => {
    const { io, clock, display } = createPlain()
    const [make, test] = ['RUN make', 'RUN test'].map((name) => ({ type: 'step', id: name, name }) as const)
    const print = (stepId: string, text: string, seconds: number) =>
      display.onEvent({
        type: 'log',
        stepId,
        stream: 'stdout',
        bytes: Buffer.from(`${text}\n`),
        at: new Date(seconds * 1000),
      })
    for (const step of [make, test]) display.onEvent({ ...step, state: 'started', at } as BuildProgressEvent)
    print('RUN make', 'one', 0)
    print('RUN test', 'a', 0)
    print('RUN make', 'two', 1)
    clock.advance(2_000)
    print('RUN test', 'b', 2)
    print('RUN make', 'three', 2)
    display.onEvent({ ...test, state: 'completed', at: new Date(3_000) } as BuildProgressEvent)
    display.onEvent({ ...make, state: 'completed', at: new Date(4_000) } as BuildProgressEvent)
    display.succeed('Built it')
    expect(io.stderr.lines).toEqual([
      ...['#1 RUN make', '#1 0.000 one', '#1 1.000 two', '#1 ...', ''],
      ...['#2 RUN test', '#2 0.000 a', '#2 2.000 b', '#2 DONE 3.0s', ''],
      ...['#1 RUN make', '#1 2.000 three', '#1 DONE 4.0s', ''],
      ...['Built it', ''],
    ])
  })

  it('writes the end of a step once that is completed and then found in the cache', () => {
    const { io, display } = createPlain()
    const step = { type: 'step', id: 'a', name: 'FROM base', at } as const
    for (const state of ['started', 'completed', 'cached'] as const) display.onEvent({ ...step, state })
    display.succeed('Built it')
    expect(io.stderr.lines).toEqual(['#1 FROM base', '#1 CACHED', '', 'Built it', ''])
  })

  it.each([
    ['plain', /^#1 RUN make\n#1 CANCELED\n/],
    ['auto', /– RUN make +canceled/],
  ] as const)('shows with %s that a running step is canceled when the build is aborted', (kind, expected) => {
    const io = new FakeIo({ columns: 60 })
    const display = createBuildKitBuildDisplay(io, kind)
    display.onEvent({ type: 'step', id: 'a', name: 'RUN make', state: 'started', at })
    display.fail('app was not built')
    expect(stripVTControlCharacters(io.stderr.text)).toMatch(expected)
  })

  it('writes the amount and the time of each finished part of a step without a terminal', () => {
    const { io, display } = createPlain()
    display.onEvent({ type: 'step', id: 'a', name: 'FROM base', state: 'started', at })
    const part = { type: 'status', stepId: 'a', id: 'sha256:1', total: 5e6, isDone: false, at } as const
    display.onEvent({ ...part, current: 1e6 })
    const end = { ...part, current: 5e6, isDone: true, at: new Date(1_200) }
    display.onEvent(end)
    display.onEvent(end)
    display.onEvent({ ...part, id: 'extracting', current: 0, isDone: true })
    expect(io.stderr.lines).toEqual(['#1 FROM base', '#1 sha256:1 5 MB of 5 MB 1.2s done', '#1 extracting done', ''])
  })

  it('writes a warning that is repeated once at the end, with its position', () => {
    const io = new FakeIo({ columns: 60 })
    const display = createBuildKitBuildDisplay(io, 'auto')
    const source = { file: 'Dockerfile', line: 3, excerpt: [] }
    for (const stepId of ['a', 'b']) display.onEvent({ type: 'warning', stepId, message: 'old (line 3)', source })
    display.succeed('Built it')
    expect(io.stderr.text).toBe('1 warning:\n - old (Dockerfile:3)\n✔ Built it\n')
  })

  it('writes the records of BuildKit to stderr with --progress rawjson', () => {
    const io = new FakeIo()
    const display = createBuildKitBuildDisplay(io, 'rawjson')
    for (const event of events) display.onEvent(event)
    const part = { type: 'status', stepId: 'b', id: 'sha256:1', total: 5, at } as const
    display.onEvent({ ...part, current: 1, isDone: false })
    display.onEvent({ ...part, current: 5, isDone: true, at: new Date(9) })
    display.onEvent({ type: 'transfer', id: 'context', currentBytes: 1, totalBytes: 2, isDone: false, at })
    display.succeed('Built it')
    const [begin, end, nine] = [at, new Date(1500), new Date(9)].map((time) => time.toISOString())
    const status = { id: 'sha256:1', vertex: 'b', total: 5, started: begin }
    expect(io.stderr.lines.filter((line) => line !== '').map((line) => JSON.parse(line))).toEqual([
      { vertexes: [{ digest: 'a', name: '[1/2] COPY . .', started: begin, completed: begin, cached: true }] },
      { vertexes: [{ digest: 'b', name: '[2/2] RUN make', started: begin }] },
      { logs: [{ vertex: 'b', stream: 2, data: 'bWFraW5nCg==', timestamp: new Date(250).toISOString() }] },
      { warnings: [{ vertex: '', level: 1, short: 'aXQgaXMgb2xk', url: 'https://docs.example/old' }] },
      { vertexes: [{ digest: 'b', name: '[2/2] RUN make', started: begin, completed: end, error: 'no' }] },
      { statuses: [{ ...status, current: 1, timestamp: begin }] },
      { statuses: [{ ...status, current: 5, timestamp: nine, completed: nine }] },
    ])
    expect(io.stdout.text).toBe('')
  })

  it('writes nothing with --progress quiet', () => {
    const io = new FakeIo()
    const display = createBuildKitBuildDisplay(io, 'quiet')
    for (const event of events) display.onEvent(event)
    display.fail('x')
    expect(io.stdout.text + io.stderr.text).toBe('')
  })

  it('writes one end of a step with two intervals, with the duration of both', () => {
    const { io, clock, display } = createPlain()
    const local = { type: 'step', id: 'a', name: '[internal] load build context' } as const
    display.onEvent({ ...local, state: 'started', at })
    display.onEvent({ ...local, state: 'completed', at })
    display.onEvent({ ...local, state: 'started', at: new Date(1) })
    clock.advance(3_000)
    expect(io.stderr.text).toBe('#1 [internal] load build context\n')
    display.onEvent({ ...local, state: 'completed', at: new Date(3_001) })
    clock.advance(1_000)
    expect(io.stderr.lines).toEqual(['#1 [internal] load build context', '#1 DONE 3.0s', ''])
  })

  it('writes the name of a step again that restarts after its end was written', () => {
    const { io, clock, display } = createPlain()
    const step = { type: 'step', id: 'a', name: 'RUN make' } as const
    display.onEvent({ ...step, state: 'started', at })
    display.onEvent({ ...step, state: 'completed', at: new Date(1_000) })
    clock.advance(2_000)
    display.onEvent({ ...step, state: 'started', at: new Date(2_000) })
    display.onEvent({ ...step, state: 'completed', at: new Date(3_000) })
    display.succeed('Built it')
    expect(io.stderr.lines).toEqual([
      ...['#1 RUN make', '#1 DONE 1.0s', ''],
      ...['#1 RUN make', '#1 DONE 2.0s', ''],
      ...['Built it', ''],
    ])
  })

  it('writes the sent bytes of the context every 10 seconds without a terminal', () => {
    const { io, clock, display } = createPlain()
    display.onEvent({ type: 'step', id: 'a', name: '[internal] load build context', state: 'started', at })
    const part = {
      type: 'status',
      stepId: 'a',
      id: 'transferring context:',
      total: undefined,
      isDone: false,
      at,
    } as const
    for (let second = 0; second <= 30; second += 1) {
      display.onEvent({ ...part, current: second * 10e6 })
      display.onEvent({ ...transfer, currentBytes: second * 10e6 })
      clock.advance(1_000)
    }
    const end = new Date(31_000)
    display.onEvent({ ...part, current: 300e6, isDone: true, at: end })
    display.onEvent({ ...transfer, currentBytes: 300e6, isDone: true, at: end })
    display.onEvent({ type: 'step', id: 'a', name: '[internal] load build context', state: 'completed', at: end })
    display.succeed('Built it')
    expect(io.stderr.lines).toEqual([
      '#1 [internal] load build context',
      '#1 90 MB of 300 MB',
      '#1 190 MB of 300 MB',
      '#1 290 MB of 300 MB',
      '#1 transferring context: 300 MB 31.0s done',
      '#1 DONE 31.0s',
      '',
      'Built it',
      '',
    ])
  })

  it('writes the bytes of the result every 10 seconds without a terminal', () => {
    const { io, clock, display } = createPlain()
    const result = { type: 'transfer', id: 'result', totalBytes: undefined, isDone: false, at } as const
    display.onEvent({ ...result, currentBytes: 10e6 })
    clock.advance(10_000)
    display.onEvent({ ...result, currentBytes: 20e6, isDone: true, at: new Date(11_000) })
    display.succeed('Built it')
    expect(io.stderr.lines).toEqual([
      '#1 receive the result from BuildKit',
      '#1 10 MB',
      '#1 DONE 11.0s',
      '',
      'Built it',
      '',
    ])
  })

  it('writes the end of a step before a later event of another step', () => {
    const { io, display } = createPlain()
    const [one, two] = ['FROM one', 'FROM two'].map((name) => ({ type: 'step', id: name, name }) as const)
    display.onEvent({ ...one, state: 'started', at } as BuildProgressEvent)
    display.onEvent({ ...one, state: 'completed', at } as BuildProgressEvent)
    display.onEvent({ ...two, state: 'started', at: new Date(100) } as BuildProgressEvent)
    expect(io.stderr.lines).toEqual(['#1 FROM one', '#1 DONE 0.0s', '', '#2 FROM two', ''])
  })

  it.each([
    ['build-service', 'v0.25.2', [], "Building with the engine's BuildKit v0.25.2"],
    ['build-service', 'v0.0.0+unknown', [], "Building with the engine's BuildKit"],
    ['sidecar', 'v0.32.2', ['the engine is old'], 'Building with BuildKit v0.32.2 in a sidecar: the engine is old'],
    [
      'runtime',
      undefined,
      ['no image', 'no\nnetwork'],
      "Building with the runtime's own builder: no image; no network",
    ],
  ] as const)('writes what builds: %s %s', async (builder, version, reasons, text) => {
    const event = { type: 'builder', builder, version, reasons } as const
    const { io, display } = createPlain()
    display.onEvent(event)
    display.succeed('Built it')
    expect(io.stderr.lines).toEqual([text, 'Built it', ''])
    const terminal = new FakeIo({ columns: 120 })
    const live = createBuildKitBuildDisplay(terminal, 'auto')
    live.onEvent(event)
    await terminal.stderr.waitFor(/prepare the build/)
    live.succeed('Built it')
    expect(terminal.stderr.text).toContain(`${text}\n`)
  })

  it('writes the bytes of a step, and every 10 seconds the elapsed time of a step without output', () => {
    const { io, clock, display } = createPlain()
    display.start()
    clock.advance(10_000)
    const step = { type: 'step', id: 'a', name: 'FROM base', state: 'started', at } as const
    display.onEvent(step)
    const status = { type: 'status', stepId: 'a', total: 30e6, isDone: false, at } as const
    display.onEvent({ ...status, id: 'sha256:1', current: 1e6 })
    display.onEvent({ ...status, id: 'sha256:2', current: 2e6 })
    clock.advance(20_000)
    expect(io.stderr.lines).toEqual(['building, 10s', '#1 FROM base', '#1 3 MB of 60 MB', '#1 running, 20s', ''])
  })

  it('writes the name of a step on one line, also of a script', () => {
    const { io, clock, display } = createPlain()
    const name = 'RUN <<EOF (a...)\n  echo a\n\n  echo b\nEOF'
    display.onEvent({ type: 'step', id: 'a', name, state: 'cached', at })
    clock.advance(500)
    display.onEvent({ type: 'warning', stepId: '', message: 'one\ntwo' })
    expect(io.stderr.lines).toEqual(['#1 RUN <<EOF (a...) echo a echo b EOF', '#1 CACHED', 'warning: one two', ''])
  })

  it('shows the transferred bytes on a terminal, and the preparation before the first event', async () => {
    const io = new FakeIo({ columns: 60 })
    const display = createBuildKitBuildDisplay(io, 'auto')
    display.start()
    await io.stderr.waitFor(/● prepare the build/)
    display.onEvent({ type: 'transfer', id: 'result', currentBytes: 1e6, totalBytes: undefined, isDone: false, at })
    await io.stderr.waitFor(/● receive the result from BuildKit/)
    expect(io.stderr.text).toContain('│ 1 MB')
    display.succeed('Built it')
  })
})

function createPlain() {
  const io = new FakeIo()
  const clock = new ManualClock()
  return { io, clock, display: createBuildKitBuildDisplay(io, 'plain', clock) }
}
