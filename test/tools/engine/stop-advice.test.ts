import { expect, test } from 'vitest'
import type { FoundEngine } from '../../../tools/engine/find-engine.mjs'
import { toStopAdvice } from '../../../tools/engine/stop-advice.mjs'

const host = 'unix:///var/run/docker.sock'
const used = { endpoint: { host } } as FoundEngine
const own = { host }

test('tells how to stop the engine that this run set up', () => {
  expect(toStopAdvice({ used, own, isNew: true })).toMatch(/^The engine goes on running\. Stop it with: .*down$/)
})

test('says of the engine of an earlier run that others may use it', () => {
  expect(toStopAdvice({ used, own, isNew: false })).toMatch(/earlier npm start\. If nobody else uses it, stop it with/)
})

test.each([
  ['no engine was found', { used: undefined, own }],
  ['none was set up here', { used, own: undefined }],
  ['another one was used', { used, own: { host: 'unix:///run/other.sock' } }],
])('says nothing where %s', (_, given) => {
  expect(toStopAdvice({ ...given, isNew: false })).toBeUndefined()
})
