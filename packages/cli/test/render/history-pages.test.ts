import { expect, it } from 'vitest'
import { toRecordPage } from '../../src/render/history-pages.js'

const record = {
  ...{ ref: 'abc', createdAt: new Date(0), completedAt: undefined, error: undefined, isPinned: false },
  ...{ totalSteps: 6, completedSteps: 5, cachedSteps: 2, warnings: 1 },
  ...{ attributes: { target: 'last' }, exporters: [{ type: 'image', attributes: { name: 'app' } }], response: {} },
} as const

it('shows a build with its steps, which BuildKit counts at the end', () => {
  const page = toRecordPage({ ...record, state: 'completed', completedAt: new Date(2000) })
  expect(page.split('\n').map((line) => line.replace(/ {2,}/, ' '))).toEqual([
    ...['build ID: abc', 'name: app', 'status: completed', 'created: 1970-01-01T00:00:00.000Z', 'duration: 2s'],
    ...['steps: 6, 5 completed, 2 of them cached', 'warnings: 1', 'target: last', 'output: image', ''],
  ])
  expect(toRecordPage({ ...record, state: 'running' })).not.toContain('steps:')
})
