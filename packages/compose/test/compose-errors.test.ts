import { isHostError } from '@capstan/core'
import { describe, expect, it } from 'vitest'
import { findFailedDependency, findUnstartedCommand, toEngineError, toSourceError } from '../src/compose-errors.js'
import type { ComposeStep } from '../src/program/output-lines.js'
import { parseProjectModel } from '../src/project/project-model.js'

const model = parseProjectModel(JSON.stringify({ name: 'p', services: { a: { image: 'app:1' } } }))

/** The error for a text of Compose 2.26 or 2.40. */
function toError(text: string, steps: readonly ComposeStep[] = [], exitCode: number | undefined = 1): unknown {
  const context = { operation: 'up', subject: 'p', host: 'unix:///x', model } as const
  return toEngineError({ text, exitCode, lastLines: [], steps }, context)
}

const daemon = 'Error response from daemon: '

describe('toEngineError', () => {
  it.each([
    [
      `${daemon}driver failed: Bind for 0.0.0.0:19999 failed: port is already allocated`,
      'IN_USE',
      { subject: 'port 19999' },
    ],
    [`${daemon}listen tcp4 0.0.0.0:80: bind: address already in use`, 'IN_USE', { subject: 'port 80' }],
    [`${daemon}Pool overlaps with other one on this address space`, 'IN_USE', { users: [] }],
    ['network nonet declared as external, but could not be found', 'NETWORK_NOT_FOUND', { id: 'nonet' }],
    [`${daemon}network nonet not found`, 'NETWORK_NOT_FOUND', { id: 'nonet' }],
    [`${daemon}unable to find network with name or ID nonet: network not found`, 'NETWORK_NOT_FOUND', { id: 'nonet' }],
    [`${daemon}failed to find image none:1: none:1: No such image`, 'IMAGE_NOT_FOUND', { image: 'none:1' }],
    ['external volume "novol" not found', 'VOLUME_NOT_FOUND', { name: 'novol' }],
    [`${daemon}No such image: localhost:1/none:1: not known`, 'IMAGE_NOT_FOUND', { image: 'localhost:1/none:1' }],
    [`${daemon}No such image: localhost:1/none:1`, 'IMAGE_NOT_FOUND', { image: 'localhost:1/none:1' }],
    [
      `${daemon}Conflict. The container name "/db" is already in use by container "e9ec". You have to remove`,
      'NAME_CONFLICT',
      { name: 'db', holderId: 'e9ec' },
    ],
    ['Cannot connect to the Docker daemon at unix:///x. Is it running?', 'CONNECTION_LOST', { endpoint: 'unix:///x' }],
    [`${daemon}bind source path does not exist: /x`, 'INVALID_ARGUMENT', { field: 'source' }],
    [`${daemon}what is this`, 'OPERATION_FAILED', { reason: 'what is this', status: 1 }],
    ['', 'OPERATION_FAILED', { reason: 'docker-compose ended with 1' }],
  ])('translates %j to %s', (text, code, facts) => {
    expect(toError(text)).toMatchObject({ code, facts })
  })

  it('tells a failed pull by the steps, and names the image of the service', () => {
    const pulling: ComposeStep = { kind: 'image', name: 'a', status: 'Pulling' }
    const registryText = 'Get "http://localhost:1/v2/": refused'
    const facts = { image: 'app:1', registryText }
    expect(toError(`${daemon}${registryText}`, [pulling])).toMatchObject({ code: 'IMAGE_PULL_FAILED', facts })
    const created: ComposeStep = { kind: 'network', name: 'p_default', status: 'Created' }
    expect(toError(`${daemon}x`, [pulling, created])).toMatchObject({ code: 'OPERATION_FAILED' })
  })

  it('tells the step, the command and the exit code of a failed build', () => {
    const text = 'failed to solve: process "/bin/sh -c echo hi >&2; exit 9" did not complete successfully: exit code: 9'
    const steps: readonly ComposeStep[] = [
      { kind: 'build', name: '[a 2/2] RUN echo hi >&2; exit 9', status: 'failed: exit code: 9' },
      { kind: 'build', name: '[b 1/1] FROM x', status: 'done' },
    ]
    expect(toError(text, steps)).toMatchObject({
      code: 'BUILD_FAILED',
      facts: {
        ...{ step: '[a 2/2] RUN echo hi >&2; exit 9', command: '/bin/sh -c echo hi >&2; exit 9', exitCode: 9 },
        lastLines: [text],
      },
    })
  })
})

describe('toSourceError', () => {
  const failure = { exitCode: 15, lastLines: [], steps: [] }

  it.each([
    [
      'validating /p/two.yaml: services.a Additional property comand',
      ['/p/one.yaml', '/p/two.yaml'],
      'source.files[1]',
    ],
    ['yaml: line 3: did not find expected node content', ['/p/one.yaml'], 'source.files[0]'],
    ['yaml: line 3: did not find expected node content', ['/p/one.yaml', '/p/two.yaml'], 'source.files'],
    ['required variable IMG is missing a value: text', undefined, 'source.content'],
  ])('of %j has the field', (text, files, field) => {
    const error = toSourceError({ ...failure, text }, { files, subject: 'p' })
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', facts: { field, given: expect.stringContaining(text) } })
  })

  it('is OPERATION_FAILED when a signal ended Compose', () => {
    const error = toSourceError({ ...failure, text: '', exitCode: undefined }, { files: undefined, subject: 'p' })
    expect(isHostError(error, 'OPERATION_FAILED')).toBe(true)
  })
})

describe('findFailedDependency', () => {
  it.each([
    ['dependency failed to start: container p-a-1 exited (7)', { container: 'p-a-1' }],
    ['dependency failed to start: container p-a-1 is unhealthy', { container: 'p-a-1' }],
    ['service "a" didn\'t complete successfully: exit 7', { service: 'a' }],
    ['no such service: x', undefined],
  ])('in %j', (text, found) => {
    expect(findFailedDependency(text)).toEqual(found)
  })
})

describe('findUnstartedCommand', () => {
  it.each([
    ['exec: "none": executable file not found in $PATH', { command: ['none'], exitCode: 127 }],
    ['exec: "/none": stat /none: no such file or directory', { command: ['/none'], exitCode: 127 }],
    ['exec: "/etc": permission denied', { command: ['/etc'], exitCode: 126 }],
    [
      'runc create failed: exec: \\"none\\": executable file not found in $PATH": OCI runtime attempted to invoke a command that was not found',
      { command: ['none'], exitCode: 127 },
    ],
    [
      'crun: executable file `none` not found in $PATH: No such file or directory',
      { command: ['none'], exitCode: 127 },
    ],
    ['exec: \\"/etc\\": permission denied', { command: ['/etc'], exitCode: 126 }],
    ['another error', undefined],
  ])('in %j', (text, found) => {
    expect(findUnstartedCommand(text)).toEqual(found)
  })
})
