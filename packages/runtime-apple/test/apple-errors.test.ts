import type { HostErrorCode } from '@capstan/core'
import { describe, expect, it } from 'vitest'
import { isCliFailure, toAppleError, toErrorText, toNotStartedCode } from '../src/apple-errors.js'

const call = { operation: 'startContainer', subject: 'web', endpoint: '/usr/local/bin/container' }
const toError = (stderr: string, subject = call.subject) => toAppleError({ exitCode: 1, stderr }, { ...call, subject })

describe('toAppleError', () => {
  const texts: readonly (readonly [HostErrorCode, string])[] = [
    ['CONTAINER_NOT_FOUND', 'Error: container not found: web'],
    ['CONTAINER_NOT_FOUND', 'Error: get failed: container web not found'],
    ['CONTAINER_NOT_FOUND', 'Error: notFound: "container with ID web not found"'],
    ['IMAGE_NOT_FOUND', 'Error: image not found: web'],
    ['NETWORK_NOT_FOUND', 'Error: network not found: web'],
    ['VOLUME_NOT_FOUND', "Error: volume 'web' not found"],
    ['NOT_RUNNING', 'Error: container web is not running'],
    ['NOT_RUNNING', 'Error: invalidState: "container web is not running"'],
    ['INVALID_ARGUMENT', "Error: path '/nowhere' does not exist"],
    ['OPERATION_FAILED', 'Error: subnet overlaps an existing network'],
    ['CONNECTION_LOST', 'Error: interrupted: "XPC connection error: Connection invalid"'],
    ['CONNECTION_LOST', 'Error: x\nEnsure container system service has been started with `container system start`.'],
    ['TIMED_OUT', 'Error: XPC timeout for request to com.apple.container.apiserver/containerList'],
    ['OPERATION_FAILED', 'Error: something else'],
    ['OPERATION_FAILED', ''],
  ]

  it.each(texts)('creates %s for %j', (code, stderr) => {
    expect(toError(stderr)).toMatchObject({ code })
  })

  it('takes the name of the network from the text', () => {
    expect(toError('Error: notFound: "network inside not found"')).toMatchObject({ facts: { id: 'inside' } })
  })

  it.each(['image', 'my-network', 'volume.1', 'found'])('finds the same cause for a container named %s', (subject) => {
    expect(toError(`Error: container not found: ${subject}`, subject)).toMatchObject({
      code: 'CONTAINER_NOT_FOUND',
      facts: { id: subject },
    })
  })

  it('keeps the text of an unknown failure, on one line and without escape sequences', () => {
    expect(toError('progress\nError: \u001b[31mfirst\nsecond\u001b[0m\n')).toMatchObject({
      facts: { reason: 'first; second', status: 1 },
    })
  })
})

describe('the error text', () => {
  it('is the text after the last "Error: " at the start of a line', () => {
    expect(toErrorText('Error: of the program\nError: of the command')).toBe('of the command')
    expect(toErrorText('no Error: here')).toBe('no Error: here')
  })

  it('isCliFailure is true only for exit codes 1 and 64 with an error text', () => {
    expect(isCliFailure(1, 'x\nError: y')).toBe(true)
    expect(isCliFailure(64, 'Error: y')).toBe(true)
    expect(isCliFailure(2, 'Error: y')).toBe(false)
    expect(isCliFailure(1, 'an Error: y')).toBe(false)
  })

  it.each([
    [127, 'failed to start process p in container c (cause: "vmexec error: "failed to find target executable /x"")'],
    [126, 'failed to start process p in container c (cause: "vmexec error: "failed to exec [x] POSIXError(13)"")'],
    [126, 'internalError: "failed to exec process x: Permission denied"'],
    [undefined, "ENOENT: no such file or directory, open '/nope'"],
    [undefined, 'Permission denied'],
  ])('reads %s from %j', (code, text) => {
    expect(toNotStartedCode(text)).toBe(code)
  })
})
