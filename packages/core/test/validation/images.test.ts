import { describe, expect, it } from 'vitest'
import type { CommitOptions } from '../../src/index.js'
import { validateCommit, validateImageReferences, validatePushReference } from '../../src/plugin.js'

const invalid = (field: string) =>
  expect.objectContaining({ code: 'INVALID_ARGUMENT', facts: expect.objectContaining({ field }) })

describe('validateCommit', () => {
  it('accepts all options', () => {
    const changes = {
      command: ['a'],
      entrypoint: ['b'],
      env: { A: '' },
      user: '1:2',
      workingDirectory: '/x',
      labels: { a: 'b', 'capstan.lifetime': 'persistent' },
      exposedPorts: [{ containerPort: 80, protocol: 'tcp' }],
      volumes: ['/v'],
      stopSignal: 'SIGINT',
    } as const
    expect(() => validateCommit({ tag: 'app:1', changes, message: '', author: 'me', pause: false })).not.toThrow()
  })

  it.each<readonly [string, object]>([
    ['tag', { tag: 'App' }],
    ['changes', { changes: 1 }],
    ['changes.Cmd', { changes: { Cmd: ['a'] } }],
    ['changes.command', { changes: { command: [] } }],
    ['changes.entrypoint', { changes: { entrypoint: [] } }],
    ['changes.env["A"]', { changes: { env: { A: null } } }],
    ['changes.user', { changes: { user: '-x' } }],
    ['changes.workingDirectory', { changes: { workingDirectory: 'x' } }],
    ['changes.labels["capstan.app"]', { changes: { labels: { 'capstan.app': 'x' } } }],
    ['changes.exposedPorts[0].protocol', { changes: { exposedPorts: [{ containerPort: 1, protocol: 'sctp' }] } }],
    ['changes.volumes[0]', { changes: { volumes: ['v'] } }],
    ['changes.stopSignal', { changes: { stopSignal: 'no' } }],
    ['message', { message: 'a\0b' }],
    ['author', { author: 1 }],
    ['pause', { pause: 'yes' }],
  ])('throws INVALID_ARGUMENT for %s', (field, options) => {
    expect(() => validateCommit(options as CommitOptions)).toThrow(invalid(field))
  })
})

describe('validateImageReferences', () => {
  it.each<readonly [string, unknown]>([
    ['references', []],
    ['references', 'app'],
    ['references[1]', ['app', '-x']],
  ])('throws INVALID_ARGUMENT for %s of %j', (field, references) => {
    expect(() => validateImageReferences(references as string[])).toThrow(invalid(field))
  })
})

describe('validatePushReference', () => {
  it.each(['', 'App:1', 'app@sha256:0123456789abcdef', `sha256:${'a'.repeat(64)}`, 'a'.repeat(64)])(
    'throws INVALID_ARGUMENT for %j',
    (reference) => {
      expect(() => validatePushReference(reference)).toThrow(invalid('reference'))
    },
  )
})
