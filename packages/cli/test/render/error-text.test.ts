import type { RuntimeReport } from '@capstan/core'
import { createHostError, withUndoFailures } from '@capstan/core/plugin'
import { describe, expect, it } from 'vitest'
import { CliError } from '../../src/errors/cli-error.js'
import { toErrorDocument } from '../../src/render/error-document.js'
import { toErrorText } from '../../src/render/error-text.js'

const options = { command: 'capstan run', debug: false, width: undefined }
const names = { packageName: '@example/runtime', packageVersion: '1.0.0' }

const unavailable: RuntimeReport = {
  ...names,
  runtime: 'docker',
  selection: 'automatic',
  available: false,
  chosen: true,
  attempts: [
    {
      candidate: 'tcp://127.0.0.1:1',
      source: 'DOCKER_HOST',
      step: 'connect',
      cause: { code: 'ECONNREFUSED', message: 'connect ECONNREFUSED 127.0.0.1:1' },
      remedy: 'start the engine, or unset DOCKER_HOST',
    },
  ],
}
const available: RuntimeReport = {
  ...names,
  runtime: 'other',
  selection: 'automatic',
  attempts: [],
  available: true,
  version: '1',
  endpoint: 'here',
  location: undefined,
  provides: [{ id: 'network-manager', title: 'networks' }],
  absent: [],
  unsupportedOptions: [],
  notes: [],
}

describe('toErrorText', () => {
  it.each([
    new Error('cannot fetch https://user:SECRET@registry.example/plugin', { cause: new Error('ftp://u:SECRET@host') }),
    new CliError('no plugin at https://user:SECRET@registry.example/plugin'),
  ])('replaces passwords in URLs of an error that is not a HostError, also with --debug', (error) => {
    expect(toErrorText(error, { ...options, debug: true })).not.toContain('SECRET')
    expect(JSON.stringify(toErrorDocument(error, options))).not.toContain('SECRET')
    expect(toErrorText(error, options)).toContain('https://user:***@registry.example/plugin')
  })

  it('omits the attempts of other runtimes when the user chose an endpoint', () => {
    const apple = { ...unavailable, runtime: 'apple', chosen: false }
    const error = createHostError('RUNTIME_UNAVAILABLE', { runtime: undefined, reports: [unavailable, apple] })
    for (const text of [error.message, toErrorText(error, options)]) {
      expect(text).toContain('docker at tcp://127.0.0.1:1')
      expect(text).not.toContain('apple')
    }
  })

  it('names each failed endpoint with cause and remedy, and the available runtime that was not used', () => {
    const error = createHostError('RUNTIME_UNAVAILABLE', { runtime: undefined, reports: [unavailable, available] })
    expect(toErrorText(error, options).split('\n')).toEqual([
      'capstan run: runtime "docker" was requested and is not available',
      '  docker at tcp://127.0.0.1:1 (DOCKER_HOST) failed at connect: connect ECONNREFUSED 127.0.0.1:1',
      '  → start the engine, or unset DOCKER_HOST',
      '  runtime other is available, but another endpoint was selected',
      '  → --runtime other uses it',
      '  → `capstan doctor` shows every endpoint that was tried',
    ])
  })

  it('shortens IDs as ps does, but not digests', () => {
    const id = '0123456789ab'.padEnd(64, 'c')
    const error = createHostError('CONTAINER_NOT_FOUND', { id })
    expect(toErrorText(error, options)).toContain('there is no container "0123456789ab"')
    const image = `app@sha256:${id}`
    expect(toErrorText(createHostError('IMAGE_NOT_FOUND', { image }), options)).toContain(image)
  })

  it('names the simulation when no other runtime is available', () => {
    const reports = [{ ...available, runtime: 'simulated', selection: 'named' } as const]
    const error = createHostError('RUNTIME_UNAVAILABLE', { runtime: undefined, reports })
    expect(toErrorText(error, options).split('\n')).toEqual([
      'capstan run: no container runtime is available',
      '  runtime simulated is a simulation',
      '  → --runtime simulated uses it',
      '  → `capstan doctor` shows every endpoint that was tried',
    ])
  })

  it('shows one of the endpoints that do not exist, and all that failed otherwise', () => {
    const attempt = {
      source: 'default',
      cause: { code: 'ENOENT', message: 'there is no socket' },
      remedy: 'start one',
    }
    const absent = ['a', 'b', 'c'].map((name) => ({ ...attempt, candidate: `unix:///${name}`, step: 'find' }) as const)
    const denied = { ...attempt, candidate: 'unix:///d', step: 'connect' } as const
    const reports = [{ ...unavailable, attempts: [...absent, denied] }]
    const text = toErrorText(createHostError('RUNTIME_UNAVAILABLE', { runtime: undefined, reports }), options)
    for (const part of ['docker at unix:///a ', 'docker at unix:///d ', 'docker was not found at 2 other locations']) {
      expect(text).toContain(part)
    }
    expect(text).not.toContain('unix:///b')
  })

  it('names another runtime that has a missing capability', () => {
    const missing = [{ id: 'network-manager', title: 'networks', reason: 'it has none', remedy: 'ask for them' }]
    const error = createHostError('CAPABILITY_MISSING', {
      feature: undefined,
      runtime: 'bare',
      missing,
      reports: [unavailable, available],
    })
    expect(toErrorText(error, options).split('\n')).toEqual([
      'capstan run: the application needs networks, which runtime "bare" does not provide',
      '  no networks: it has none',
      '  → ask for them',
      '  → it works with --runtime other',
    ])
  })

  it('distinguishes a slow runtime from an unavailable one, and names the option to wait longer', () => {
    const cause = { code: 'TIMED_OUT', message: 'it accepted the connection and did not answer within 10 s' }
    const attempts = unavailable.attempts.map((attempt) => ({
      ...attempt,
      step: 'ping' as const,
      cause,
      remedy: 'wait',
    }))
    const error = createHostError('RUNTIME_UNAVAILABLE', {
      runtime: undefined,
      reports: [{ ...unavailable, attempts }],
    })
    expect(toErrorText(error, options).split('\n')).toEqual([
      'capstan run: runtime "docker" did not answer in time',
      '  docker at tcp://127.0.0.1:1 (DOCKER_HOST) failed at ping: TIMED_OUT, it accepted the connection and did not answer within 10 s',
      '  → wait',
      '  → `capstan doctor` shows every endpoint that was tried',
    ])
  })

  it('writes each statement on one line, without a stack, also those of an engine', () => {
    const cause = new Error('deep')
    const facts = { image: 'x', registryText: 'denied:\n  no access\u001b[31m' }
    const text = toErrorText(createHostError('IMAGE_PULL_FAILED', facts, { cause }), options)
    expect(text.split('\n')).toHaveLength(3)
    expect(text).not.toContain('\u001b')
    expect(text).not.toContain(' at ')
    expect(text).toMatch(/denied:\n {2}no access/)
    const taken = createHostError('NAME_CONFLICT', { name: 'db', holderId: undefined, sameOwner: false })
    expect(toErrorText(taken, options)).toMatch(/is taken\n {2}→ choose another/)
  })

  it.each([
    [
      'Get "https://r.example/v2/": dial tcp: lookup r.example: no such host',
      'check its network, name servers and proxy',
    ],
    ['pull access denied for x, repository does not exist', 'check the name, log in'],
  ])('suggests a remedy for a failed pull: %s', (registryText, remedy) => {
    const text = toErrorText(createHostError('IMAGE_PULL_FAILED', { image: 'x', registryText }), options)
    expect(text).toContain(registryText)
    expect(text).toContain(remedy)
  })

  it('wraps lines to the terminal and indents continued lines', () => {
    const text = toErrorText(createHostError('CONTAINER_NOT_FOUND', { id: 'web' }), { ...options, width: 30 })
    expect(text.split('\n')).toEqual([
      'capstan run: there is no',
      'container "web"',
      '  → `capstan ps --all` lists',
      '    the containers',
    ])
  })

  it('names the option that sets an invalid field', () => {
    const facts = { expected: 'an absolute path', given: '"here"' }
    const toText = (field: string) => toErrorText(createHostError('INVALID_ARGUMENT', { field, ...facts }), options)
    expect(toText('workingDirectory')).toBe(
      'capstan run: --workdir must be an absolute path, not "here"\n  → see `capstan run --help`',
    )
    expect(toText('env["A B"]')).toMatch(/^capstan run: --env must be/)
    expect(toText('mounts[0].source')).toMatch(/^capstan run: the source of --volume must be/)
    expect(toText('mounts[1].target')).toMatch(/^capstan run: the target of --volume or --tmpfs must be/)
    expect(toText('image')).toMatch(/^capstan run: image must be/)
  })

  it.each([
    ['commit', 'tag', 'IMAGE'],
    ['tag', 'image', 'SOURCE'],
    ['image tag', 'tag', 'TARGET'],
    ['network create', 'name', 'NAME'],
    ['network create', 'subnets[0].cidr', '--subnet'],
    ['network connect', 'ipAddress', '--ip'],
    ['network connect', 'aliases[0]', '--alias'],
    ['network disconnect', 'networkId', 'NETWORK'],
    ['volume create', 'name', 'NAME'],
    ['rename', 'name', 'NAME'],
    ['cp', 'from', 'SRC'],
    ['save', 'references', 'image'],
    ['build', 'tag', '--tag'],
  ])('names the operand or the option of `capstan %s` for the field %s', (command, field, name) => {
    const error = createHostError('INVALID_ARGUMENT', { field, expected: 'valid', given: '"?"' })
    expect(toErrorText(error, { ...options, command: `capstan ${command}` })).toBe(
      `capstan ${command}: ${name} must be valid, not "?"\n  → see \`capstan ${command} --help\``,
    )
  })

  it.each([
    [createHostError('NETWORK_NOT_FOUND', { id: 'n' }), 'network ls'],
    [createHostError('VOLUME_NOT_FOUND', { name: 'v' }), 'volume ls'],
  ])('names the command that lists the existing objects: %s', (error, command) => {
    expect(toErrorText(error, options)).toContain(`→ \`capstan ${command}\` lists`)
  })

  it('names a file of a build context without an option', () => {
    const facts = { expected: 'a file', given: '"a pipe"' }
    const toText = (field: string) => toErrorText(createHostError('INVALID_ARGUMENT', { field, ...facts }), options)
    expect(toText('context.directory["out/a b"]')).toBe(
      'capstan run: "out/a b" in the context must be a file, not "a pipe"',
    )
    expect(toText('context.directory[""]')).toBe('capstan run: the context must be a file, not "a pipe"')
    expect(toText('platforms[0]')).toMatch(/^capstan run: --platform must be/)
  })

  it('shows sizes as values of --memory', () => {
    const facts = { field: 'memoryBytes', expected: 'at least 6291456', given: '1048577' }
    expect(toErrorText(createHostError('INVALID_ARGUMENT', facts), options)).toMatch(
      /^capstan run: --memory must be at least 6m, not 1048577\n/,
    )
  })

  it.each([
    [createHostError('IMAGE_NOT_FOUND', { image: 'web' }), 'pull or build it first'],
    [
      createHostError('OPTION_UNSUPPORTED', {
        runtime: 'docker',
        field: 'build.platform',
        given: 'linux/arm64',
        reason: 'the base image is for linux/amd64',
        remedy: 'pull it for linux/arm64',
      }),
      'pull it for linux/arm64',
    ],
    [
      createHostError('NAME_CONFLICT', { name: 'a', holderId: 'b', sameOwner: false }),
      'choose another name, or remove the object that has it',
    ],
  ])('shows the remedy of an error apart from its problem: %s', (error, remedy) => {
    expect(toErrorText(error, options).split('\n')).toContain(`  → ${remedy}`)
    expect(toErrorDocument(error, options)).toMatchObject({ remedies: [remedy] })
  })

  it('suggests --image when the image of the conformance cases is missing', () => {
    const error = createHostError('IMAGE_NOT_FOUND', { image: 'busybox' })
    expect(toErrorText(error, { ...options, command: 'capstan conformance' })).toContain(
      '→ use another image by --image',
    )
  })

  it('counts the failed steps of the cleanup, and writes each on one line', () => {
    const failures = [new Error('net is in use'), createHostError('NETWORK_NOT_FOUND', { id: 'b' })]
    const error = withUndoFailures(createHostError('IMAGE_NOT_FOUND', { image: 'web' }), failures)
    expect(toErrorText(error, options).split('\n')).toEqual([
      'capstan run: there is no image "web"',
      '  2 steps of the cleanup failed:',
      '  - net is in use',
      '  - there is no network "b"',
      '  → pull or build it first',
      '  → `capstan sweep` removes what was left behind',
    ])
  })

  it('shows stack and cause only with --debug', () => {
    const error = createHostError('CONTAINER_NOT_FOUND', { id: 'web' }, { cause: new Error('the deep reason') })
    expect(toErrorText(error, { ...options, debug: true })).toMatch(/the deep reason[\s\S]* at /)
    expect(toErrorText(error, options)).not.toContain('the deep reason')
  })

  it('shows the message of a CliError unchanged', () => {
    expect(toErrorText(new CliError('give a directory'), options)).toBe('capstan run: give a directory')
  })

  it('suggests reporting an unexpected error', () => {
    expect(toErrorText(new TypeError('x is not a function'), options)).toMatch(/x is not a function\n {2}→ .*--debug/)
  })
})
