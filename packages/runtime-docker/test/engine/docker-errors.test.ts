import { isHostError } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { describe, expect, test } from 'vitest'
import { AnswerFormatError } from '../../src/engine/answer-format-error.js'
import { type ErrorContext, toHostError } from '../../src/engine/docker-errors.js'
import { EngineAnswerError } from '../../src/engine/engine-answer-error.js'

const context: ErrorContext = { operation: 'op', subject: 'thing', endpoint: 'unix:///x', runtimeName: 'docker' }
const id = '0123456789abcdef'

function answer(
  method: string,
  path: string,
  [status, text]: readonly [number, string],
  more: Partial<ErrorContext> = {},
) {
  const cause = new EngineAnswerError({ method, path: `/v1.41${path}`, status, text })
  const error = toHostError(cause, { ...context, ...more })
  if (!isHostError(error)) throw new Error('not translated')
  expect(error.cause).toBe(cause)
  return { code: error.code, facts: error.facts }
}

describe('an answer of the engine', () => {
  const missing =
    'OCI runtime create failed: starting container process caused: exec: "nosuch": executable file not found in $PATH: unknown'
  const denied = 'starting container process caused: exec: "/etc/passwd": permission denied: unknown'

  test.each([400, 404, 500])(
    'is COMMAND_NOT_STARTED with 127 for the start of a missing command, status %i',
    (status) => {
      expect(answer('POST', `/containers/${id}/start`, [status, missing])).toEqual({
        code: 'COMMAND_NOT_STARTED',
        facts: { id: 'thing', command: ['nosuch'], exitCode: 127 },
      })
    },
  )

  test('is COMMAND_NOT_STARTED with 126 and the requested command for the start of a file that is not executable', () => {
    const command = ['/etc/passwd', 'x']
    expect(answer('POST', `/exec/${id}/start`, [400, denied], { command })).toMatchObject({
      facts: { command, exitCode: 126 },
    })
  })

  test.each([
    ['privileged', undefined],
    ['capAdd', 'capAdd'],
  ] as const)(
    'is OPTION_UNSUPPORTED of %s for capabilities that the engine does not grant',
    (field, capabilityField) => {
      const more = capabilityField === undefined ? {} : { capabilityField }
      expect(
        answer('POST', `/containers/${id}/start`, [500, 'unable to apply caps: operation not permitted'], more),
      ).toMatchObject({ code: 'OPTION_UNSUPPORTED', facts: { runtime: 'docker', field } })
    },
  )

  test.each([
    ['GET', `/containers/${id}/json`, 'No such container: x', 'CONTAINER_NOT_FOUND', { id: 'thing' }],
    ['POST', '/containers/create', 'No such image: a:1', 'IMAGE_NOT_FOUND', { image: 'a:1' }],
    ['POST', '/containers/create', 'get data: no such volume', 'VOLUME_NOT_FOUND', { name: 'data' }],
    ['POST', `/containers/${id}/start`, 'network n1 not found', 'NETWORK_NOT_FOUND', { id: 'n1' }],
    ['GET', '/networks/n1', 'network n1 not found', 'NETWORK_NOT_FOUND', { id: 'n1' }],
    ['POST', '/networks/n1/connect', 'No such container: c1', 'CONTAINER_NOT_FOUND', { id: 'thing' }],
    ['DELETE', '/volumes/v1', 'get v1: no such volume', 'VOLUME_NOT_FOUND', { name: 'v1' }],
    ['GET', '/images/a/b:1/json', 'No such image: a/b:1', 'IMAGE_NOT_FOUND', { image: 'a/b:1' }],
    ['GET', '/images/json', 'content digest sha256:1: not found', 'OPERATION_FAILED', { status: 404 }],
    ['GET', '/nowhere', 'page not found', 'OPERATION_FAILED', { status: 404 }],
  ])('with 404 to %s %s (%s) is %s', (method, path, text, code, facts) => {
    expect(answer(method, path, [404, text])).toMatchObject({ code, facts })
  })

  test('with 409 to a create is NAME_CONFLICT with the holder', () => {
    const text = `Conflict. The container name "/x" is already in use by container "${id}". You have to remove`
    expect(answer('POST', '/containers/create', [409, text], { subject: 'x' })).toEqual({
      code: 'NAME_CONFLICT',
      facts: { name: 'x', holderId: id, sameOwner: false },
    })
    expect(answer('POST', '/networks/create', [409, 'network with name x already exists'])).toMatchObject({
      code: 'NAME_CONFLICT',
    })
  })

  test.each([
    ['exec', 'Container x is not running', 'exited'],
    ['exec', 'Container x is paused, unpause the container before exec', 'paused'],
    ['resize', 'Container x is not running', 'exited'],
    ['attach', 'You cannot attach to a paused container, Container x is paused', 'paused'],
  ])('with 409 to %s is NOT_RUNNING', (verb, text, state) => {
    expect(answer('POST', `/containers/${id}/${verb}`, [409, text])).toEqual({
      code: 'NOT_RUNNING',
      facts: { id: 'thing', state },
    })
  })

  test.each([
    [
      '/images/a:1',
      409,
      'conflict: unable to delete 4567 (cannot be forced) - image is being used by running container 0123456789ab',
      ['0123456789ab'],
    ],
    ['/volumes/v', 409, 'remove v: volume is in use - [0123456789ab, ba9876543210]', ['0123456789ab', 'ba9876543210']],
    ['/networks/n', 403, 'error while removing network: network n id abc has active endpoints', []],
  ])('is IN_USE with the users in the text for the removal of %s, status %i', (path, status, text, users) => {
    expect(answer('DELETE', path, [status, text])).toMatchObject({ code: 'IN_USE', facts: { users } })
  })

  test.each([
    'driver failed programming external connectivity on endpoint x: Bind for 127.0.0.1:8080 failed: port is already allocated',
    'driver failed programming external connectivity on endpoint x: failed to bind host port for 127.0.0.1:8080:172.17.0.2:80/tcp: address already in use',
  ])('is IN_USE with the port when a port is allocated: %s', (text) => {
    expect(answer('POST', `/containers/${id}/start`, [500, text])).toMatchObject({
      code: 'IN_USE',
      facts: { subject: 'port 8080' },
    })
  })

  test.each([404, 500])(
    'is OPERATION_FAILED with a sweep as remedy when no address pool is left, status %i',
    (status) => {
      const text = 'could not find an available, non-overlapping IPv4 address pool among the defaults'
      expect(answer('POST', '/networks/create', [status, text])).toMatchObject({
        code: 'OPERATION_FAILED',
        facts: { reason: expect.stringContaining('sweep') },
      })
    },
  )

  test.each([
    [500, 'pull access denied for x'],
    [404, 'manifest for x:1 not found: manifest unknown'],
    [401, 'unauthorized'],
  ])('to a pull is IMAGE_PULL_FAILED with the text of the registry, status %i', (status, text) => {
    expect(answer('POST', '/images/create', [status, text], { subject: 'x:1' })).toEqual({
      code: 'IMAGE_PULL_FAILED',
      facts: { image: 'x:1', registryText: text },
    })
  })

  test('about an invalid reference is INVALID_ARGUMENT with the field of the call, whatever its status', () => {
    const text = 'normalizing name for compat API: parsing reference "Upper:1": repository name must be lowercase'
    expect(answer('GET', '/images/{name}/json', [500, text], { field: 'image', subject: 'Upper:1' })).toMatchObject({
      code: 'INVALID_ARGUMENT',
      facts: { field: 'image', given: '"Upper:1"' },
    })
  })

  test('with 400 is INVALID_ARGUMENT with the text of the engine', () => {
    expect(answer('POST', '/containers/create', [400, 'invalid reference format'])).toMatchObject({
      code: 'INVALID_ARGUMENT',
      facts: { expected: expect.stringContaining('invalid reference format') },
    })
  })

  test.each([
    ['name', 400, 'Invalid container name (a), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed', '"a"'],
    ['user', 400, 'unable to find user who: no matching entries in passwd file', '"who"'],
    ['user', 500, 'unable to find group who: no matching entries in group file', '"who"'],
    ['groupAdd', 500, 'Unable to find group who: no matching entries in group file', '"who"'],
    [
      'groupAdd',
      500,
      'looking up supplemental groups for container 0123: unable to find group who: no matching entries in group file',
      '"who"',
    ],
    ['capAdd', 400, 'invalid CapAdd: unknown capability: "CAP_NOSUCH"', '"CAP_NOSUCH"'],
    ['capDrop', 400, 'invalid CapDrop: unknown capability: "CAP_NOSUCH"', '"CAP_NOSUCH"'],
    ['securityOptions', 500, 'invalid --security-opt 2: "nosuch=1"', '"nosuch=1"'],
    ['stopSignal', 400, 'Invalid signal: SIGFOO', '"SIGFOO"'],
    ['platform', 400, '"nosuch": unknown operating system or architecture: invalid argument', '"nosuch"'],
    ['ulimits', 500, 'runc create failed: wrong rlimit value: RLIMIT_NOSUCH: unknown', '"NOSUCH"'],
    ['mounts', 400, 'error mounting "/a" to rootfs at "/b": mount /a:/b, flags: 0x5000: not a directory', '"/a"'],
    ['capAdd', 500, 'container create: "CAP_NOSUCH": unknown capability', '"CAP_NOSUCH"'],
    [
      'ulimits',
      500,
      'fill out specgen: ulimit option "nosuch=1:1" requires name=SOFT:HARD, failed to be parsed: invalid ulimit type: nosuch',
      '"nosuch"',
    ],
    [
      'mounts',
      500,
      String.raw`level=error msg="runc create failed: error mounting \"/a\" to rootfs at \"/b\": mount src=/a, dst=/b: not a directory": OCI runtime error`,
      '"/a"',
    ],
    [
      'workingDirectory',
      500,
      'workdir "/etc/passwd" exists on container 0123, but is not a directory',
      '"/etc/passwd"',
    ],
    ['ports', 500, 'listen tcp4 1.2.3.4:80: bind: cannot assign requested address', '"1.2.3.4:80"'],
    [
      'user',
      409, // Podman 4.3 prepares the container when a client attaches, and answers with this status
      'preparing container 0123 for attach: unable to find user who: no matching entries in passwd file',
      '"who"',
    ],
    ['workingDirectory', 500, 'Cannot mkdir: /etc/passwd is not a directory', '"/etc/passwd"'],
    ['mounts', 400, 'invalid mount config for type "bind": bind source path does not exist: /a b', '"/a b"'],
  ])('is INVALID_ARGUMENT with the field %s and the value, status %i: %s', (field, status, text, given) => {
    expect(answer('POST', `/containers/${id}/start`, [status, text])).toMatchObject({
      code: 'INVALID_ARGUMENT',
      facts: { field, given },
    })
  })

  test('is OPERATION_FAILED otherwise, with method and path without ids in the cause', () => {
    expect(answer('POST', `/containers/${id}/start`, [500, 'boom'])).toEqual({
      code: 'OPERATION_FAILED',
      facts: { operation: 'op', subject: 'thing', status: 500, reason: 'boom' },
    })
    const cause = new EngineAnswerError({
      method: 'GET',
      path: `/v1.41/images/a/b:1/json?x=1`,
      status: 500,
      text: 'boom',
    })
    expect(cause.message).toBe('GET /images/{name}/json answered 500: boom')
  })

  test('is LOGS_UNAVAILABLE with the text of the engine for a log driver that cannot be read', () => {
    const text = 'configured logging driver does not support reading'
    expect(answer('GET', `/containers/${id}/logs`, [501, text])).toMatchObject({
      code: 'LOGS_UNAVAILABLE',
      facts: { reason: text },
    })
  })

  test('is IN_USE with the ids of the containers that use the namespaces of a container', () => {
    const users = ['a', 'b'].map((digit) => digit.repeat(64))
    const text = `container ${id} has dependent containers which must be removed before it: ${users.join(', ')}: container already exists`
    expect(answer('DELETE', `/containers/${id}?force=true`, [500, text])).toMatchObject({
      code: 'IN_USE',
      facts: { users },
    })
  })

  test('is NOT_RUNNING with the id of the container whose network a start needs', () => {
    const owner = 'a'.repeat(64)
    const text = `cannot join network of a non running container: ${owner}`
    expect(answer('POST', `/containers/${id}/start`, [409, text])).toMatchObject({
      code: 'NOT_RUNNING',
      facts: { id: owner },
    })
  })

  test('is OPTION_UNSUPPORTED with the field gpus when the engine has no driver for GPUs', () => {
    const text = 'could not select device driver "" with capabilities: [[gpu]]'
    expect(answer('POST', `/containers/${id}/start`, [500, text])).toMatchObject({
      code: 'OPTION_UNSUPPORTED',
      facts: { field: 'gpus' },
    })
  })
})

describe('a failure without an answer', () => {
  test.each(['ENOENT', 'ECONNREFUSED', 'EACCES', 'EPIPE', 'ECONNRESET', 'EMFILE', 'ERR_STREAM_PREMATURE_CLOSE'])(
    'is CONNECTION_LOST with the endpoint for %s',
    (code) => {
      const cause = Object.assign(new Error('x'), { code })
      expect(toHostError(cause, context)).toMatchObject({
        code: 'CONNECTION_LOST',
        facts: { endpoint: 'unix:///x' },
        cause,
      })
    },
  )

  test('is PROTOCOL_ERROR with an excerpt of at most 500 bytes for an invalid answer', () => {
    const error = toHostError(new AnswerFormatError('bad', 'y'.repeat(2_000)), context)
    expect(error).toMatchObject({ code: 'PROTOCOL_ERROR', facts: { operation: 'op', excerpt: 'y'.repeat(500) } })
  })

  test('is unchanged when it is a HostError', () => {
    const error = createHostError('IMAGE_NOT_FOUND', { image: 'x' })
    expect(toHostError(error, context)).toBe(error)
  })

  test.each([new Error('reason'), 'a text', null])(
    'is the reason of an aborted signal whatever the error: %s',
    (reason) => {
      const controller = new AbortController()
      controller.abort(reason)
      const cause = Object.assign(new Error('x'), { code: 'ECONNRESET' })
      expect(toHostError(cause, { ...context, signal: controller.signal })).toBe(reason)
    },
  )
})
