import { describe, expect, it } from 'vitest'
import type { ComposeSource } from '../../src/index.js'
import {
  validateComposeDownOptions,
  validateComposeSource,
  validateComposeUpOptions,
  validateProjectName,
  validateScale,
} from '../../src/plugin.js'

const file = { name: 'shop', files: ['/srv/compose.yaml'] } as const

function rejectedField(run: () => void): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return 'accepted'
}

const rejection = (field: string) => ({ code: 'INVALID_ARGUMENT', facts: { field } })

describe('validateProjectName', () => {
  it.each(['shop', '1-shop_2', 'x'.repeat(63)])('accepts %s', (name) => {
    validateProjectName(name)
  })

  it.each(['Shop', 'my shop', '_shop', '', 'x'.repeat(64), undefined])('rejects %s', (name) => {
    expect(rejectedField(() => validateProjectName(name))).toMatchObject(rejection('project'))
  })
})

describe('validateComposeSource', () => {
  it('accepts files, and the text of a file', () => {
    validateComposeSource(file)
    const settings = { directory: '/srv', profiles: ['debug', '*'], env: { TAG: '1' } }
    validateComposeSource({ name: 'shop', content: 'services: {}', ...settings })
  })

  it.each<[field: string, source: unknown]>([
    ['source', undefined],
    ['source', { name: 'shop' }],
    ['source', { ...file, content: 'services: {}' }],
    ['source.name', { ...file, name: 'My Shop' }],
    ['source.files', { name: 'shop', files: [] }],
    ['source.files', { name: 'shop', files: '/srv/compose.yaml' }],
    ['source.files[1]', { name: 'shop', files: ['/srv/compose.yaml', 'other.yaml'] }],
    ['source.content', { name: 'shop', content: ' ' }],
    ['source.directory', { ...file, directory: 'srv' }],
    ['source.profiles[0]', { ...file, profiles: ['-x'] }],
    ['source.profiles[1]', { ...file, profiles: ['x', '*x'] }],
    ['source.env["A"]', { ...file, env: { A: 1 } }],
    ['source.env["-A"]', { ...file, env: { '-A': '1' } }],
  ])('rejects with the field %s', (field, source) => {
    // The values are invalid on purpose.
    expect(rejectedField(() => validateComposeSource(source as ComposeSource))).toMatchObject(rejection(field))
  })

  it('does not show the value of a variable, which may be a secret', () => {
    const source = { ...file, env: { PASSWORD: 'secret\0' } }
    expect(JSON.stringify(rejectedField(() => validateComposeSource(source)))).not.toContain('secret')
  })
})

describe('validateComposeUpOptions', () => {
  it('accepts all options', () => {
    const labels = { team: 'a', 'capstan.lifetime': 'lease' }
    validateComposeUpOptions({ services: ['db'], jobs: ['migrate'], build: true, pull: 'never', labels })
    validateComposeUpOptions({ readyTimeoutMs: 1, onProgress: () => undefined })
    validateComposeUpOptions({ services: ['db'], dependencies: false, scale: { db: 0 }, recreate: 'never', graceMs: 0 })
    validateComposeUpOptions({ dependencies: true, removeOrphans: true, until: 'started', pull: 'always' })
  })

  it.each<[field: string, options: object]>([
    ['services', { services: [] }],
    ['services[0]', { services: ['--help'], jobs: [] }],
    ['services[1]', { services: ['db', 'db'] }],
    ['jobs[0]', { jobs: ['a b'] }],
    ['build', { build: 'yes' }],
    ['pull', { pull: 'daily' }],
    ['dependencies', { dependencies: false }],
    ['scale', { scale: ['db'] }],
    ['scale["db"]', { scale: { db: -1 } }],
    ['recreate', { recreate: true }],
    ['removeOrphans', { removeOrphans: 'yes' }],
    ['until', { until: 'healthy' }],
    ['jobs', { until: 'started', jobs: ['migrate'] }],
    ['graceMs', { graceMs: 0.5 }],
    ['labels["capstan.pid"]', { labels: { 'capstan.pid': '1' } }],
    ['readyTimeoutMs', { readyTimeoutMs: 0 }],
    ['onProgress', { onProgress: 'log' }],
  ])('rejects with the field %s', (field, options) => {
    expect(rejectedField(() => validateComposeUpOptions(options))).toMatchObject(rejection(field))
  })
})

describe('validateComposeDownOptions', () => {
  it('accepts an empty object and all options', () => {
    validateComposeDownOptions({})
    validateComposeDownOptions({ volumes: true, graceMs: 0 })
  })

  it.each<[field: string, options: object]>([
    ['volumes', { volumes: 1 }],
    ['graceMs', { graceMs: -1 }],
  ])('rejects with the field %s', (field, options) => {
    expect(rejectedField(() => validateComposeDownOptions(options))).toMatchObject(rejection(field))
  })
})

describe('validateScale', () => {
  const started = [
    { name: 'web', containerName: undefined },
    { name: 'db', containerName: 'shop-db' },
  ]
  const validate = (scale: Readonly<Record<string, number>>) => () =>
    validateScale(new Map(Object.entries(scale)), started)

  it('accepts any number of a service, and at most one of a service with a named container', () => {
    validate({ web: 3, db: 1 })()
    validate({ db: 0 })()
    expect(validate({ db: 2 })).toThrow('scale["db"] must be at most 1, because the files name the container, not 2')
  })

  it('rejects a service that is not started', () => {
    expect(validate({ 'a"b': 1 })).toThrow('scale["a\\"b"] must be the name of a service that is started: web or db')
  })
})
