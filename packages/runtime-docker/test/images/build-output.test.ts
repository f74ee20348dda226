import { expect, test } from 'vitest'
import { BuildOutput } from '../../src/images/build-output.js'

const failing = [
  'Step 1/2 : FROM busybox',
  '\n',
  ' ---> c0a379a80e7a\n',
  'Step 2/2 : RUN echo out; echo err >&2; exit 9',
  '\n',
  ' ---> Running in 2579a9b7bb42\n',
  'out\n',
  '\u001b[91merr\n\u001b[0m',
  'more\r\n',
  'Removing intermediate container 2579a9b7bb42\n',
]

test('reports step, stream and text of each line', () => {
  const output = new BuildOutput()
  expect(failing.flatMap((text) => output.add(text))).toEqual([
    { step: 1, totalSteps: 2, stream: 'stdout', text: 'Step 1/2 : FROM busybox' },
    { step: 1, totalSteps: 2, stream: 'stdout', text: ' ---> c0a379a80e7a' },
    { step: 2, totalSteps: 2, stream: 'stdout', text: 'Step 2/2 : RUN echo out; echo err >&2; exit 9' },
    { step: 2, totalSteps: 2, stream: 'stdout', text: ' ---> Running in 2579a9b7bb42' },
    { step: 2, totalSteps: 2, stream: 'stdout', text: 'out' },
    { step: 2, totalSteps: 2, stream: 'stderr', text: 'err' },
    { step: 2, totalSteps: 2, stream: 'stdout', text: 'more' },
    { step: 2, totalSteps: 2, stream: 'stdout', text: 'Removing intermediate container 2579a9b7bb42' },
  ])
})

test('has the current step, its command and its output, without the messages of the builder', () => {
  const output = new BuildOutput()
  for (const text of failing) output.add(text)
  expect(output.step).toBe('Step 2/2 : RUN echo out; echo err >&2; exit 9')
  expect(output.command).toBe('RUN echo out; echo err >&2; exit 9')
  expect(output.lastLines).toEqual(['out', 'err', 'more'])
})

test('gives the same lines for any split of the text', () => {
  const whole = new BuildOutput()
  const expected = [...whole.add(failing.join('')), ...whole.end()]
  const pieces = new BuildOutput()
  const given = [...failing.join('')].flatMap((character) => pieces.add(character))
  expect([...given, ...pieces.end()]).toEqual(expected)
})

test('has the last 20 lines in `lastLines`, and returns a last line without line end from `end`', () => {
  const output = new BuildOutput()
  output.add(Array.from({ length: 50 }, (_, index) => `line ${index}\n`).join(''))
  expect(output.lastLines).toHaveLength(20)
  expect(output.add('rest')).toEqual([])
  expect(output.end()).toMatchObject([{ text: 'rest', step: undefined }])
  expect(output.lastLines.at(-1)).toBe('rest')
})

test('parses the output of Buildah, and an image id that is only in the text', () => {
  const output = new BuildOutput()
  output.add('STEP 2/3: RUN make\nSuccessfully built c0a379a80e7a\n')
  expect(output.command).toBe('RUN make')
  expect(output.builtId).toBe('c0a379a80e7a')
})

test('counts the steps of each stage of Buildah, and hides the added step of the last stage', () => {
  const output = new BuildOutput(1)
  const text =
    '[1/2] STEP 1/2: FROM busybox\n[1/2] STEP 2/2: RUN make\nmade\n[2/2] STEP 1/2: FROM a\n[2/2] STEP 2/2: LABEL "a"="b"\n'
  expect(output.add(text).map(({ step, totalSteps, text }) => `${step}/${totalSteps} ${text}`)).toEqual([
    '1/2 STEP 1/2: FROM busybox',
    '2/2 STEP 2/2: RUN make',
    '2/2 made',
    '1/1 STEP 1/1: FROM a',
  ])
})
