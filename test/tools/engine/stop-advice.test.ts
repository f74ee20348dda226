import { expect, test } from 'vitest'
import type { FoundEngine } from '../../../tools/engine/find-engine.mjs'
import { toStopAdvice } from '../../../tools/engine/stop-advice.mjs'

const host = 'unix:///var/run/docker.sock'
const used = { endpoint: { host } } as FoundEngine
const own = { host }

test('prints how to stop an engine that this run has started', () => {
  expect(toStopAdvice({ used, own, isNew: true })).toMatch(/^The engine goes on running\. Stop it with: .*down$/)
})

test('warns that others may use the engine of an earlier run', () => {
  expect(toStopAdvice({ used, own, isNew: false })).toMatch(/earlier npm start\. If nobody else uses it, stop it with/)
})

test.each([
  ['no engine was found', { used: undefined, own }],
  ['no engine was started here', { used, own: undefined }],
  ['another engine was used', { used, own: { host: 'unix:///run/other.sock' } }],
])('returns undefined when %s', (_, given) => {
  expect(toStopAdvice({ ...given, isNew: false })).toBeUndefined()
})
