import { expect, test } from 'vitest'
import { RecentFindings } from '../../src/endpoint/recent-findings.js'

const question = {
  endpoint: { url: 'unix:///x', connection: { type: 'socket', path: '/x' } },
  ping: { newest: '1.41', server: 'Docker/20.10' },
  pinned: undefined,
} as const
const findings = {
  api: { version: '1.41', newest: '1.41', oldest: undefined, pinned: false },
  product: 'docker',
  info: {},
} as const

test('what was found is kept for 5 s, for the very same question', () => {
  let now = 0
  const recent = new RecentFindings(() => now)
  recent.keep(question, findings)
  expect(recent.find({ ...question })).toBe(findings)
  expect(recent.find({ ...question, pinned: '1.42' })).toBeUndefined()
  expect(recent.find({ ...question, ping: { ...question.ping, newest: '1.42' } })).toBeUndefined()
  now = 5_001
  expect(recent.find(question)).toBeUndefined()
})
