import { expect, it } from 'vitest'
import { RuntimeProgress } from '../../src/fallback/runtime-progress.js'

const numbers = { step: 2, totalSteps: 3, stream: 'stdout' } as const

it.each([
  ['the classic builder', 'Step 2/3 : RUN make', '[2/3] RUN make'],
  ['Buildah', 'STEP 2/3: RUN make', '[2/3] RUN make'],
  ['BuildKit', '[2/3] RUN make', '[2/3] RUN make'],
  ['BuildKit with several stages', '[stage-1  2/3] RUN make', '[stage-1  2/3] RUN make'],
])('names a step after its first line in the words of %s', (_, text, name) => {
  expect(new RuntimeProgress().push({ ...numbers, text })).toMatchObject([{ type: 'step', state: 'started', name }])
})

it('reports further lines of a step, and lines without a step, as its output', () => {
  const progress = new RuntimeProgress()
  progress.push({ ...numbers, text: '[2/3] RUN make' })
  const lines = [
    ...progress.push({ ...numbers, text: 'made' }),
    ...progress.push({ ...numbers, step: undefined, totalSteps: undefined, text: 'exporting to image' }),
  ]
  expect(lines.map((event) => event.type === 'log' && `${event.stepId} ${Buffer.from(event.bytes)}`)).toEqual([
    'step-2 made\n',
    'step-2 exporting to image\n',
  ])
})
