import type { BuildProgressEvent } from '@capstan/feature-buildkit'
import stringWidth from 'string-width'
import { describe, expect, it } from 'vitest'
import { BuildKitSteps } from '../../src/render/buildkit-steps.js'
import { toBuildKitStepsPage } from '../../src/render/buildkit-steps-page.js'

const at = (ms: number) => new Date(1_000_000 + ms)
const step = (id: string, state: 'started' | 'cached' | 'completed' | 'failed', ms: number): BuildProgressEvent => {
  return { type: 'step', id, name: `RUN ${id}`, state, at: at(ms) }
}
const log = (stepId: string, text: string): BuildProgressEvent => {
  return { type: 'log', stepId, stream: 'stdout', bytes: Buffer.from(text), at: at(0) }
}
const plain = { width: 40, height: 24, now: 5000, style: (_: string, text: string) => text }

function apply(...events: readonly BuildProgressEvent[]): BuildKitSteps {
  const steps = new BuildKitSteps(() => 2000)
  for (const event of events) steps.apply(event)
  return steps
}

describe('BuildKitSteps', () => {
  it('numbers steps in the order of their start, with the durations of BuildKit', () => {
    const steps = apply(step('a', 'started', 0), step('b', 'started', 10), step('a', 'completed', 1500))
    expect(steps.all).toMatchObject([
      { number: 1, name: 'RUN a', state: 'completed', durationMs: 1500 },
      { number: 2, name: 'RUN b', state: 'started', durationMs: 0 },
    ])
  })

  it('splits output into lines across chunks, and keeps the text after a carriage return', () => {
    const steps = new BuildKitSteps(() => 0)
    steps.apply(step('a', 'started', 0))
    const euro = Buffer.from('€')
    const pieces = [Buffer.from('on'), Buffer.from('e\ntwo '), euro.subarray(0, 1), euro.subarray(1), Buffer.from('\n')]
    const lines = pieces.flatMap((bytes) => steps.apply({ ...log('a', ''), bytes } as BuildProgressEvent)?.lines ?? [])
    expect(lines).toMatchObject([{ text: 'one' }, { text: 'two €' }])
    expect(steps.apply(log('a', '10%\r50%\r100%\r\n'))?.lines).toMatchObject([{ text: '100%' }])
  })

  it('returns an unterminated last line when the step ends, and later output at once', () => {
    const steps = apply(step('a', 'started', 0), log('a', 'first\nno end'))
    expect(steps.apply(step('a', 'failed', 10))?.lines).toMatchObject([{ text: 'no end' }])
    expect(steps.apply(log('a', 'late'))?.lines).toMatchObject([{ text: 'late' }])
    expect(steps.all).toMatchObject([{ tail: ['first', 'no end', 'late'] }])
  })

  it('replaces control characters, and removes colours and movements of the cursor from output', () => {
    const steps = apply(
      { ...step('a', 'started', 0), name: 'a\u001b[2J' } as BuildProgressEvent,
      log('a', '\u001b[31mred\u001b[0m\u001b[1A \u0007\n'),
    )
    expect(steps.all).toMatchObject([{ name: 'a\ufffd[2J', tail: ['red \ufffd'] }])
  })

  it('returns the time of a line since the start of its step', () => {
    const steps = apply(step('a', 'started', 500))
    const change = steps.apply({ ...log('a', 'one\n'), at: at(1750) } as BuildProgressEvent)
    expect(change?.lines).toEqual([{ text: 'one', seconds: 1.25 }])
  })

  it('describes the part of a step that runs, and the sum of the bytes of all parts', () => {
    const part = { type: 'status', stepId: 'a', current: 0, total: undefined, isDone: false, at: at(0) } as const
    const steps = apply(
      step('a', 'started', 0),
      { ...part, id: 'exporting layers' },
      { ...part, id: 'naming', isDone: true },
    )
    expect(steps.all).toMatchObject([{ progress: 'exporting layers' }])
    steps.apply({ ...part, id: 'one', current: 2e6, total: 3e6 })
    expect(steps.all).toMatchObject([{ progress: '2 MB of 3 MB' }])
    steps.apply({ ...part, id: 'two', current: 1e6 })
    expect(steps.all).toMatchObject([{ progress: '3 MB' }])
  })

  it('ignores output of an unknown step', () => {
    expect(apply(log('none', 'x\n')).all).toEqual([])
  })
})

describe('toBuildKitStepsPage', () => {
  it('renders a line per step with its time, and the last output lines of running steps', () => {
    const lines = ['1', '2', '3', '4', '5', '6'].map((text) => log('b', `${text}\n`))
    const steps = apply(step('a', 'cached', 0), step('b', 'started', 0), ...lines)
    const page = toBuildKitStepsPage(steps.all, plain)
    expect(page.split('\n')).toEqual([
      `✔ RUN a${' '.repeat(25)} cached`,
      `● RUN b${' '.repeat(29)} 3s`,
      ...['2', '3', '4', '5', '6'].map((text) => `  │ ${text}`),
    ])
  })

  it('renders only the duration of a completed step, and all output lines of a failed step', () => {
    const page = toBuildKitStepsPage(
      apply(
        step('a', 'started', 0),
        log('a', 'from a\n'),
        step('a', 'completed', 20),
        step('b', 'started', 0),
        log('b', 'from b\n'),
        step('b', 'failed', 30),
      ).all,
      plain,
    )
    expect(page).not.toContain('from a')
    expect(page).toMatch(/✖ RUN b +30ms\n {2}│ from b$/)
  })

  it('wraps long lines of a failed step', () => {
    const output = `   ${'word '.repeat(15)}the reason`
    const page = toBuildKitStepsPage(
      apply(step('a', 'started', 0), log('a', output), step('a', 'failed', 30)).all,
      plain,
    )
    const lines = page.split('\n').slice(1)
    expect(lines.map((line) => line.replace(/^ {2}│ /, '')).join('')).toBe(output)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(40)
  })

  it('measures characters in columns, not in code units', () => {
    const steps = apply(
      { ...step('a', 'started', 0), name: '版'.repeat(30) } as BuildProgressEvent,
      log('a', '😀'.repeat(30)),
    )
    steps.apply(log('a', '\n'))
    for (const line of toBuildKitStepsPage(steps.all, plain).split('\n')) {
      expect(stringWidth(line)).toBeLessThanOrEqual(40)
      expect(line).toMatch(/^(● 版{10,}… +3s| {2}│ (😀){10,}…)$/u)
    }
  })

  it('leaves out steps that have ended before running steps', () => {
    const ended = Array.from({ length: 20 }, (_, index) => step(`${index}`, 'cached', 0))
    const steps = apply(step('long', 'started', 0), log('long', 'its output\n'), ...ended)
    const lines = toBuildKitStepsPage(steps.all, { ...plain, height: 7 }).split('\n')
    expect(lines.map((line) => line.replace(/ {2,}/g, ' '))).toEqual([
      ' … 17 steps above',
      '● RUN long 3s',
      ' │ its output',
      '✔ RUN 17 cached',
      '✔ RUN 18 cached',
      '✔ RUN 19 cached',
    ])
  })

  it('fits the terminal', () => {
    const steps = apply(...Array.from({ length: 30 }, (_, index) => step(`${index} ${'x'.repeat(60)}`, 'cached', 0)))
    const lines = toBuildKitStepsPage(steps.all, { ...plain, height: 10 }).split('\n')
    expect(lines).toHaveLength(9)
    expect(lines[0]).toBe('  … 22 steps above')
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(40)
  })
})
