import type { BuildProgressEvent } from '@capstan/buildkit-client/request'
import { expect, test } from 'vitest'
import { BuildKitOutput } from '../../src/images/buildkit-output.js'

const at = new Date(0)

function step(id: string, name: string, state: 'started' | 'cached' | 'completed' = 'started'): BuildProgressEvent {
  return { type: 'step', id, name, state, at }
}

function log(stepId: string, text: string | Buffer, stream: 'stdout' | 'stderr' = 'stdout'): BuildProgressEvent {
  return { type: 'log', stepId, stream, bytes: Buffer.from(text), at }
}

test('reports the name of a step with its number, then its output by lines', () => {
  const output = new BuildKitOutput()
  const events = [step('a', '[2/3] RUN make'), log('a', 'one\r\ntw'), log('a', 'o\n\n'), log('a', 'bad\n', 'stderr')]
  const numbers = { step: 2, totalSteps: 3 }
  expect(output.add(events)).toEqual([
    { ...numbers, stream: 'stdout', text: '[2/3] RUN make' },
    { ...numbers, stream: 'stdout', text: 'one' },
    { ...numbers, stream: 'stdout', text: 'two' },
    { ...numbers, stream: 'stderr', text: 'bad' },
  ])
})

test.each([
  ['[ 2/10] RUN make', 2, 10],
  ['[stage-1  2/10] RUN make', 2, 10],
  ['[linux/arm64 base 1/2] FROM docker.io/library/busybox', 1, 2],
  ['[internal] load build definition from Dockerfile', undefined, undefined],
  ['exporting to image', undefined, undefined],
])('reads the numbers of %s', (name, number, totalSteps) => {
  expect(new BuildKitOutput().add([step('a', name)])).toMatchObject([{ step: number, totalSteps }])
})

test('reports a cached step, and reports a step that runs twice once', () => {
  const output = new BuildKitOutput()
  const twice = [step('a', '[internal] load build context'), step('a', '[internal] load build context', 'completed')]
  const events = [...twice, ...twice, step('b', '[2/2] RUN make', 'cached')]
  expect(output.add(events).map(({ text }) => text)).toEqual([
    '[internal] load build context',
    '[2/2] RUN make',
    'CACHED',
  ])
})

test('keeps the output of steps apart that run at the same time, and characters whole that are split', () => {
  const output = new BuildKitOutput()
  const sign = Buffer.from('é\n')
  const begun = [step('a', '[a 2/2] RUN x'), step('b', '[b 2/2] RUN y')]
  output.add([...begun, log('a', 'from '), log('b', sign.subarray(0, 1))])
  const lines = output.add([log('b', sign.subarray(1)), log('a', 'a\n')])
  expect(lines.map(({ text }) => text)).toEqual(['é', 'from a'])
})

test('reports the last line without a line end at the end, and warnings on stderr', () => {
  const output = new BuildKitOutput()
  const warning: BuildProgressEvent = { type: 'warning', stepId: 'a', message: 'use upper case' }
  expect(output.add([step('a', '[1/1] RUN x'), warning, log('a', 'rest')]).at(-1)).toEqual({
    step: 1,
    totalSteps: 1,
    stream: 'stderr',
    text: 'use upper case',
  })
  expect(output.end()).toEqual([{ step: 1, totalSteps: 1, stream: 'stdout', text: 'rest' }])
  expect(output.end()).toEqual([])
})
