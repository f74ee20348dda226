import { expect, test } from 'vitest'
import { BuildOutput } from '../../src/images/build-output.js'
import { addLabels } from '../../src/images/dockerfile-labels.js'

const labels = { a: '1', 'b.c': 'say "$HOME" \\' }

test('appends all labels in one instruction, with literal values', () => {
  const built = addLabels('FROM scratch\n', { labels, target: undefined })
  expect(built.dockerfile).toBe('FROM scratch\n\nLABEL "a"="1" "b.c"="say \\"\\$HOME\\" \\\\"\n')
  expect(built).toMatchObject({ query: {}, addedSteps: 1 })
})

test.for([
  ['FROM scratch AS a\nFROM scratch', 'a'],
  ['FROM scratch\nRUN a \\', undefined],
  ['FROM scratch\nRUN a \\\n# comment\n\n', undefined],
  ['FROM scratch\nRUN <<END\na\nEND', undefined],
] as const)('does not change %j with target %s, and sets the labels by the parameter', ([dockerfile, target]) => {
  expect(addLabels(dockerfile, { labels, target })).toEqual({ dockerfile, query: { labels }, addedSteps: 2 })
})

test('escapes with the escape character of the file', () => {
  const { dockerfile } = addLabels('# escape=`\nFROM scratch', { labels: { a: 'C:\\x "$y" `' }, target: undefined })
  expect(dockerfile).toBe('# escape=`\nFROM scratch\nLABEL "a"="C:\\x `"`$y`" ``"\n')
})

test('neither reports nor counts the added steps', () => {
  const output = new BuildOutput(1)
  const text =
    'Step 1/2 : FROM scratch\n ---> \nStep 2/2 : LABEL a=1\n ---> Running in 1\n ---> 2\nSuccessfully built 0123456789ab\n'
  expect(output.add(text).map((line) => [line.step, line.totalSteps, line.text])).toEqual([
    [1, 1, 'Step 1/1 : FROM scratch'],
    [1, 1, ' ---> '],
    [1, 1, 'Successfully built 0123456789ab'],
  ])
})
