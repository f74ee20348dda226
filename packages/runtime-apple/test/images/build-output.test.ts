import type { BuildProgress } from '@capstan/core'
import { expect, it } from 'vitest'
import { BuildOutput } from '../../src/images/build-output.js'

const printed = `#1 [internal] load build definition from Dockerfile
#1 DONE 0.0s

#5 [linux/arm64 2/3] RUN echo on the way; exit 9
#5 0.213 on the way
#5 ERROR: process "/bin/sh -c echo on the way; exit 9" did not complete successfully: exit code: 9
Error: unknown: "failed to solve"`

it('reports each line with its step', () => {
  const reported: BuildProgress[] = []
  const output = new BuildOutput((event) => void reported.push(event))
  for (const line of printed.split('\n')) output.push(line)
  expect(reported.find(({ text }) => text === 'on the way')).toMatchObject({ step: 2, totalSteps: 3 })
  expect(reported[0]).toMatchObject({ step: undefined, text: '[internal] load build definition from Dockerfile' })
  expect(reported.some(({ text }) => text === '')).toBe(false)
})

it('reports step, command, exit code and last lines of a failure', () => {
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
