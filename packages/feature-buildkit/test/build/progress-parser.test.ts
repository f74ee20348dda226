import { describe, expect, it } from 'vitest'
import { readFixture } from '../../../buildkit-client/test/support/read-fixture.js'
import type { BuildProgressEvent } from '../../src/build/build-progress-event.js'
import { ProgressParser } from '../../src/build/progress-parser.js'

function parse(bytes: Uint8Array, size = bytes.length) {
  const parser = new ProgressParser()
  const events: BuildProgressEvent[] = []
  for (let at = 0; at < bytes.length; at += size) events.push(...parser.push(bytes.subarray(at, at + size)))
  events.push(...parser.end())
  return { events, diagnostics: parser.diagnostics }
}

const steps = (events: readonly BuildProgressEvent[]) =>
  events.flatMap((event) => (event.type === 'step' ? [`${event.state} ${event.name}`] : []))

describe('ProgressParser, with recorded output of BuildKit v0.32.2', () => {
  it('emits the output by stream, and the status of transfers', () => {
    const { events, diagnostics } = parse(readFixture('build-ok.stderr.ndjson'))
    expect(diagnostics).toEqual([])
    expect(steps(events)).toContain('started [internal] load build definition from Dockerfile')
    const logs = events.filter((event) => event.type === 'log')
    expect(new Set(logs.map(({ stream }) => stream))).toEqual(new Set(['stdout', 'stderr']))
    expect(logs.every(({ bytes, at }) => bytes.length > 0 && at.getUTCFullYear() === 2026)).toBe(true)
    expect(events.some((event) => event.type === 'status' && event.current === 305)).toBe(true)
  })

  it.each(['build-ok.stderr.ndjson', 'build-cached.stderr.ndjson', 'build-run-exit-9.stderr.txt'])(
    'emits both intervals of a local source, and one of each other step: %s',
    (name) => {
      const intervals = new Map<string, string[]>()
      for (const event of parse(readFixture(name)).events) {
        if (event.type !== 'step') continue
        intervals.set(event.name, [...(intervals.get(event.name) ?? []), event.state])
      }
      for (const [step, states] of intervals) {
        const isLocal = step.startsWith('[internal] load') && !step.includes('metadata')
        const twice = ['started', 'completed', 'started', 'completed']
        const once = [['started', 'completed'], ['started', 'failed'], ['cached']]
        if (isLocal) expect(states, step).toEqual(twice)
        else expect(once, step).toContainEqual(states)
      }
    },
  )

  it('gives each interval its own times', () => {
    const { events } = parse(readFixture('build-ok.stderr.ndjson'))
    const times = events.flatMap((event) =>
      event.type === 'step' && event.name === '[internal] load .dockerignore' ? [event.at.getTime()] : [],
    )
    expect(times).toEqual([...times].sort((one, other) => one - other))
    expect(times).toHaveLength(4)
  })

  it('emits a state once, however often BuildKit sends it', () => {
    const started = '{"vertexes":[{"digest":"sha256:1","name":"a","started":"2026-01-01T00:00:01Z"}]}\n'
    const completed = started.replace('01Z"', '01Z","completed":"2026-01-01T00:00:02Z"')
    expect(steps(parse(Buffer.from(started.repeat(3) + completed.repeat(3))).events)).toEqual([
      'started a',
      'completed a',
    ])
  })

  it('emits cached steps', () => {
    const cached = steps(parse(readFixture('build-cached.stderr.ndjson')).events)
    expect(cached.filter((text) => text.startsWith('cached '))).not.toEqual([])
  })

  it('separates the messages of a failure from the progress', () => {
    const { events, diagnostics } = parse(readFixture('build-run-exit-9.stderr.txt'))
    const failed = events.find((event) => event.type === 'step' && event.state === 'failed')
    expect(failed).toMatchObject({
      name: '[2/2] RUN echo before; exit 9',
      error: expect.stringContaining('exit code: 9'),
    })
    expect(diagnostics[0]).toBe('Dockerfile.fail:3')
    expect(diagnostics.at(-1)).toBe(
      'error: failed to solve: process "/bin/sh -c echo before; exit 9" did not complete successfully: exit code: 9',
    )
  })

  it.each([
    ['build-syntax-error.stderr.txt', 'unknown instruction: FLY'],
    ['build-dockerfile-missing.stderr.txt', 'open Nope: no such file or directory'],
    ['build-base-unreachable.stderr.txt', 'network is unreachable'],
    ['build-secret-missing.stderr.txt', 'secret tok: not found'],
  ])('returns the last message of %s', (name, word) => {
    expect(parse(readFixture(name)).diagnostics.at(-1)).toContain(word)
  })

  it.each([1, 7, 4096])('emits the same events for chunks of %i bytes', (size) => {
    const bytes = readFixture('build-run-exit-9.stderr.txt')
    expect(parse(bytes, size)).toEqual(parse(bytes))
  })

  it('treats JSON that is not progress as a message', () => {
    const lines = ['{"vertexes":[{"name":"no digest"}]}', '{"logs":3}', '{', '[]', 'null', '{"other":1}']
    expect(parse(Buffer.from(lines.join('\n')))).toEqual({ events: [], diagnostics: lines })
  })

  it('decodes warnings', () => {
    const short = Buffer.from('LegacyKeyValueFormat').toString('base64')
    const detail = [Buffer.from('use "ENV a=b"').toString('base64')]
    const url = 'https://docs.example/legacy'
    const line = JSON.stringify({ warnings: [{ vertex: 'sha256:1', short, detail, url }, { short }] })
    const message = 'LegacyKeyValueFormat'
    expect(parse(Buffer.from(line)).events).toEqual([
      { type: 'warning', stepId: 'sha256:1', message, detail: ['use "ENV a=b"'], url },
      { type: 'warning', stepId: '', message, detail: [] },
    ])
  })
})
