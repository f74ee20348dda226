import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { redactTexts } from '../../src/errors/redact.js'
import { createRuntimeHost, runtimeCapability } from '../../src/index.js'
import {
  createHostError,
  findUndoFailures,
  redactUrlPassword,
  redactUrlPasswords,
  validateImageReference,
  withUndoFailures,
} from '../../src/plugin.js'
import { fakePlugin, toAvailable, toUnavailable } from '../fakes/fake-plugin.js'

test.each([
  ['tcp://user:SECRET@host:2375', 'tcp://user:***@host:2375'],
  ['TCP://user:SECRET@host', 'TCP://user:***@host'],
  ['ssh://user:SECRET@host/path', 'ssh://user:***@host/path'],
  ['tcp://user:SECRET@[::1]:2375', 'tcp://user:***@[::1]:2375'],
  ['tcp://user:SEC@RET@host', 'tcp://user:***@host'],
  ['tcp://user:SEC/RET@host', 'tcp://user:***@host'],
  ['tcp://user:SEC%40RET:SECRET@host', 'tcp://user:***@host'],
  ['tcp://us@er:SECRET@host', 'tcp://us@er:***@host'],
  ['tcp://user%3ASECRET@host', 'tcp://user:***@host'],
  ['tcp://user:SEC RET@host', 'tcp://user:***@host'],
  ['tcp://:SECRET@host', 'tcp://:***@host'],
  ['tcp://user:SECRET@', 'tcp://user:***@'],
  ['user:SECRET@host:2375', 'user:***@host:2375'],
  ['//user:SECRET@host', '//user:***@host'],
  ['tcp:user:SECRET@host', 'tcp:***@host'],
  [' tcp://user:SECRET@host', ' tcp:***@host'],
  ['user:SECRET@reg.example/app:1', 'user:***@reg.example/app:1'],
  [`user:SECRET@reg.example/app@sha256:${'a'.repeat(64)}`, `user:***@reg.example/app@sha256:${'a'.repeat(64)}`],
])('hides the password of %s', (text, expected) => {
  expect(redactUrlPassword(text)).toBe(expected)
  expect(redactUrlPassword(expected)).toBe(expected)
})

test.each([
  'tcp://host:2375',
  'tcp://[fe80::1%25eth0]:2375',
  'ssh://user@host:22',
  'unix:///var/run/docker.sock',
  `app:1@sha256:${'a'.repeat(64)}`,
  `reg.example:5000/app@sha256:${'a'.repeat(64)}`,
  '',
])('does not change %j', (text) => {
  expect(redactUrlPassword(text)).toBe(text)
  expect(redactUrlPasswords(text)).toBe(text)
})

test.each([
  ['proxy http://user:SECRET@proxy:3128: refused', 'proxy http://user:***@proxy:3128: refused'],
  ['a "https://u:SEC@RET@x/y" and \'ssh://u:SECRET@z\'', 'a "https://u:***@x/y" and \'ssh://u:***@z\''],
  ['at https://me@mail.example:SECRET@reg/x', 'at https://me@mail.example:***@reg/x'],
  ['docker-image://app:1@sha256:abc', 'docker-image://app:1@sha256:abc'],
  ['npm:string-width@4.2.0 in 12:30@noon', 'npm:string-width@4.2.0 in 12:30@noon'],
])('hides passwords of addresses in the text %s', (text, expected) => {
  expect(redactUrlPasswords(text)).toBe(expected)
})

test('returns a value without passwords itself', () => {
  const part = { list: ['a'] }
  const value = { part, secret: 'tcp://u:SECRET@h', other: new Map() }
  const redacted = redactTexts(value)
  expect(redacted).toEqual({ ...value, secret: 'tcp://u:***@h' })
  expect(redacted.part).toBe(part)
  expect(redactTexts(part)).toBe(part)
})

const secret = 'tcp://user:SECRET@host:1'

test('facts and message of an error contain no password of a URL', () => {
  const error = createHostError('CONNECTION_LOST', { endpoint: secret, lastTimestamp: undefined })
  expect(error.facts.endpoint).toBe('tcp://user:***@host:1')
  expect(error.message).not.toContain('SECRET')
})

class AnswerError extends Error {
  override readonly name = 'AnswerError'
  readonly text = `denied: ${secret}`
}

const failures: readonly (readonly [string, Error])[] = [
  ['an error', new Error(secret)],
  ['an error with a class and fields', new AnswerError(`answered ${secret}`)],
  ['the cause of a cause', new Error('outer', { cause: new Error('inner', { cause: new TypeError(secret) }) })],
  ['an AggregateError', new AggregateError([new Error(secret)], 'both failed')],
  ['a DOMException', new DOMException(secret, 'NetworkError')],
  ['another HostError', createHostError('CONNECTION_LOST', { endpoint: secret, lastTimestamp: undefined })],
]

test.each(failures)('an error contains no password of %s as its cause or undo failure', (_, given) => {
  const facts = { endpoint: 'here', lastTimestamp: undefined }
  const error = createHostError('CONNECTION_LOST', facts, { cause: given, undoFailures: [given] })
  withUndoFailures(error, [given])
  const aborted = new Error('aborted')
  withUndoFailures(aborted, [given])
  const shown = [error, error.cause, error.undoFailures, findUndoFailures(aborted)].map(showAll)
  expect(shown.join()).not.toContain('SECRET')
  expect(showAll(error.cause)).toContain(showAll(given).includes('SECRET') ? 'tcp://user:***@host:1' : '***')
  expect(Object.getPrototypeOf(error.cause)).toBe(Object.getPrototypeOf(given))
})

test('an error keeps a cause without a password, and a circular cause', () => {
  const cause: Error & { cause?: unknown } = new Error('refused')
  cause.cause = cause
  const facts = { endpoint: 'here', lastTimestamp: undefined }
  expect(createHostError('CONNECTION_LOST', facts, { cause }).cause).toBe(cause)
})

/** As `console.error` and the printer of an uncaught error show it, and what loggers read. */
function showAll(value: unknown): string {
  const read = value instanceof Error ? [value.name, value.message, value.stack, String(value)] : []
  return [inspect(value, { depth: 9, customInspect: false, showHidden: true }), JSON.stringify(value), ...read].join()
}

test.each(['https://user:SECRET@reg.example/app', 'user:SECRET@reg.example/app', 'user:SECRET@reg.example:5000'])(
  'refuses the reference %s without its password',
  (image) => {
    expect(() => validateImageReference(image)).toThrow(/^(?!.*SECRET).*user:\*\*\*@reg\.example/)
  },
)

test('a report contains no password of a plugin', async () => {
  const cause = { code: 'X', message: `cannot reach ${secret}` }
  const attempt = { candidate: secret, source: 'DOCKER_HOST', step: 'connect', cause, remedy: `ask ${secret}` } as const
  const there = {
    ...toAvailable({ provides: [runtimeCapability], absent: [], unsupportedOptions: [] }),
    endpoint: secret,
    attempts: [attempt],
    notes: [secret],
  }
  const plugins = [
    fakePlugin({ name: 'absent', probe: async () => ({ available: false, chosen: true, attempts: [attempt] }) }),
    fakePlugin({ name: 'there', probe: async () => there }),
    fakePlugin({ name: 'broken', probe: () => Promise.reject(new Error(secret)) }),
    fakePlugin({ name: 'none', probe: async () => toUnavailable(false) }),
  ]
  await using host = createRuntimeHost({ plugins, env: {} })
  const reports = await host.discover()
  expect(reports[1]).toMatchObject({ available: true, endpoint: 'tcp://user:***@host:1' })
  expect(JSON.stringify(reports)).not.toContain('SECRET')
})

test('a warning of a plugin contains no password', async () => {
  const warnings: string[] = []
  const inner = fakePlugin()
  const register: typeof inner.register = (scope, details) => {
    inner.register(scope, details)
    scope.warn(`lost ${secret}`)
  }
  const onWarning = ({ message }: { readonly message: string }) => void warnings.push(message)
  await using host = createRuntimeHost({ plugins: [{ ...inner, register }], env: {}, onWarning })
  await host.open()
  expect(warnings).toEqual(['lost tcp://user:***@host:1'])
})
