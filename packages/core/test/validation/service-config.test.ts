import { describe, expect, it } from 'vitest'
import type { ServiceChange, ServiceConfig } from '../../src/index.js'
import {
  validateChangedEndpoint,
  validateServiceChange,
  validateServiceConfig,
  validateStoredObject,
} from '../../src/plugin.js'

const invalid = (field: string) =>
  expect.objectContaining({ code: 'INVALID_ARGUMENT', facts: expect.objectContaining({ field }) })

const web: ServiceConfig = { name: 'web', image: 'busybox', replicas: 2 }

describe('validateServiceConfig', () => {
  it('accepts all settings', () => {
    validateServiceConfig(
      {
        ...web,
        replicas: 'one-per-node',
        command: ['sleep', '1'],
        env: { A: '1' },
        networks: ['inside'],
        constraints: ['node.labels.gpu==yes'],
        secrets: [{ secretId: 'token', target: '/run/secrets/token' }],
        configs: [{ configId: 'settings', target: '/etc/settings' }],
        labels: { app: 'x', 'capstan.lifetime': 'persistent' },
        ports: [
          { containerPort: 80, hostPort: 8080, mode: 'ingress' },
          { containerPort: 80, hostPort: 8080, protocol: 'udp' },
          { containerPort: 81 },
          { containerPort: 82 },
        ],
        endpointMode: 'vip',
        stopGraceMs: 0,
        update: { parallelism: 0, delayMs: 0, failureAction: 'pause', monitorMs: 1 },
      },
      { timeoutMs: 1000, onProgress: () => {} },
    )
    validateServiceConfig({ ...web, replicas: 0, endpointMode: 'dnsrr', ports: [{ containerPort: 1 }] })
    validateServiceConfig({ ...web, name: `a__b-${'c'.repeat(58)}` })
  })

  it('rejects with INVALID_ARGUMENT and the path of the field', () => {
    const secrets = [{ secretId: 's', target: '/etc/x' }]
    const bad: readonly (readonly [string, object])[] = [
      ['config', [] as object],
      ['name', { ...web, name: undefined }],
      ['name', { ...web, name: 'a_' }],
      ['name', { ...web, name: 'a'.repeat(64) }],
      ['name', { ...web, name: 'a.b' }],
      ['image', { ...web, image: '' }],
      ['replicas', { name: 'web', image: 'busybox' }],
      ['replicas', { ...web, replicas: -1 }],
      ['replicas', { ...web, replicas: 'all' }],
      ['hostname', { ...web, hostname: 'x' }],
      ['networks[1]', { ...web, networks: ['a', 'a'] }],
      ['secrets[0].target', { ...web, secrets: [{ secretId: 's', target: 'x' }] }],
      ['configs[0].target', { ...web, secrets, configs: [{ configId: 'c', target: '/etc//x' }] }],
      ['endpointMode', { ...web, endpointMode: 'none' }],
      ['ports[0].containerPort', { ...web, ports: [{ containerPort: 0 }] }],
      ['ports[0].mode', { ...web, ports: [{ containerPort: 1, mode: 'all' }] }],
      ['ports[0].mode', { ...web, endpointMode: 'dnsrr', ports: [{ containerPort: 1, mode: 'ingress' }] }],
      ['ports[1]', { ...web, ports: [{ containerPort: 1 }, { containerPort: 1, protocol: 'tcp' }] }],
      [
        'ports[1]',
        {
          ...web,
          ports: [
            { containerPort: 1, hostPort: 80 },
            { containerPort: 2, hostPort: 80, mode: 'ingress' },
          ],
        },
      ],
      ['stopGraceMs', { ...web, stopGraceMs: -1 }],
      ['update.order', { ...web, update: { order: 'start-first' } }],
      ['update.parallelism', { ...web, update: { parallelism: -1 } }],
      ['update.failureAction', { ...web, update: { failureAction: 'stop' } }],
      ['update.monitorMs', { ...web, update: { monitorMs: 0 } }],
      ['labels["capstan.x"]', { ...web, labels: { 'capstan.x': '' } }],
    ]
    for (const [field, config] of bad) {
      const validate = () => validateServiceConfig(config as ServiceConfig) // as plain JavaScript may pass it
      expect(validate, `${field} of ${JSON.stringify(config)}`).toThrow(invalid(field))
    }
    expect(() => validateServiceConfig(web, { timeoutMs: 0 })).toThrow(invalid('timeoutMs'))
    expect(() => validateServiceConfig(web, { onProgress: 1 as never })).toThrow(invalid('onProgress'))
  })
})

describe('validateServiceChange', () => {
  it('accepts single settings', () => {
    validateServiceChange({ replicas: 3 })
    validateServiceChange({ image: 'busybox:2', env: {}, labels: {} }, { timeoutMs: 1 })
  })

  it('rejects an empty change, a name, and invalid settings', () => {
    const bad: readonly (readonly [string, object])[] = [
      ['change', {}],
      ['change', { image: undefined }],
      ['name', { name: 'other' }],
      ['image', { image: '-' }],
      ['replicas', { replicas: 1.5 }],
      ['hostname', { hostname: 'x' }],
    ]
    for (const [field, change] of bad) {
      expect(() => validateServiceChange(change as ServiceChange), JSON.stringify(change)).toThrow(invalid(field))
    }
  })
})

describe('validateChangedEndpoint', () => {
  const ingress = { containerPort: 80, mode: 'ingress' } as const
  const published = { ports: [{ containerPort: 1 }, ingress], endpointMode: 'vip' } as const
  const roundRobin = { ports: [{ containerPort: 1 }], endpointMode: 'dnsrr' } as const

  it('accepts changes that leave no port of mode `ingress` with endpoint mode `dnsrr`', () => {
    validateChangedEndpoint({ image: 'busybox:2', ports: [ingress] }, published)
    validateChangedEndpoint({ ports: [], endpointMode: 'dnsrr' }, published)
    validateChangedEndpoint({ ports: [ingress], endpointMode: 'vip' }, roundRobin)
  })

  it('rejects with the path of the field that contradicts a kept setting', () => {
    expect(() => validateChangedEndpoint({ endpointMode: 'dnsrr' }, published)).toThrow(invalid('endpointMode'))
    expect(() => validateChangedEndpoint({ ports: [{ containerPort: 2 }, ingress] }, roundRobin)).toThrow(
      invalid('ports[1].mode'),
    )
  })
})

describe('validateStoredObject', () => {
  const stored = { name: 'token', value: new Uint8Array(1), options: {} }
  const validate = (change: object) => () => validateStoredObject('config', { ...stored, ...change })

  it('accepts up to 511999 bytes and names of up to 64 characters', () => {
    validate({ value: new Uint8Array(511_999), options: { labels: { app: 'x' } } })()
    validate({ name: `app..conf_-${'a'.repeat(53)}` })()
    for (const name of ['a'.repeat(65), 'a.', '']) expect(validate({ name })).toThrow(invalid('name'))
    for (const value of [new Uint8Array(512_000), new Uint8Array()])
      expect(validate({ value })).toThrow(invalid('value'))
    expect(validate({ options: { labels: { 'capstan.x': '' } } })).toThrow(invalid('labels["capstan.x"]'))
  })

  it('shows no value in its errors', () => {
    const value = 'hunter2'
    expect(validate({ value })).toThrow(invalid('value'))
    expect(validate({ value })).not.toThrow(/hunter2/)
  })

  it('names the options of the method for an unknown one', () => {
    const options = { label: {} }
    expect(validate({ options })).toThrow('label must be absent, since it is not a field of CreateConfigOptions')
    expect(() => validateStoredObject('secret', { ...stored, options } as typeof stored)).toThrow('CreateSecretOptions')
  })
})
