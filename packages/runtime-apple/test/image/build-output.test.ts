import type { BuildProgress } from '@capstan/core'
import { expect, it } from 'vitest'
import { BuildOutput } from '../../src/image/build-output.js'

const printed = `#1 [internal] load build definition from Dockerfile
#1 DONE 0.0s

#5 [linux/arm64 2/3] RUN echo on the way; exit 9
#5 0.213 on the way
#5 ERROR: process "/bin/sh -c echo on the way; exit 9" did not complete successfully: exit code: 9
Error: unknown: "failed to solve"`

it('tells each line with the step that it belongs to', () => {
  const heard: BuildProgress[] = []
  const output = new BuildOutput((event) => void heard.push(event))
  for (const line of printed.split('\n')) output.push(line)
  expect(heard.find(({ text }) => text === 'on the way')).toMatchObject({ step: 2, totalSteps: 3 })
  expect(heard[0]).toMatchObject({ step: undefined, text: '[internal] load build definition from Dockerfile' })
  expect(heard.some(({ text }) => text === '')).toBe(false)
})

it('tells of a failure the step, the command, its code and the last lines', () => {
  const output = new BuildOutput(undefined)
  for (const line of printed.split('\n')) output.push(line)
  const reason = 'process "/bin/sh -c echo on the way; exit 9" did not complete successfully: exit code: 9'
  expect(output.toError(reason)).toMatchObject({
    code: 'BUILD_FAILED',
    facts: {
      step: '[linux/arm64 2/3] RUN echo on the way; exit 9',
      command: '/bin/sh -c echo on the way; exit 9',
      exitCode: 9,
      lastLines: expect.arrayContaining(['on the way', reason]),
    },
  })
})
