import { describe, expect, it } from 'vitest'
import { type Capability, type ContainerConfig, type OptionName, runtimeCapability } from '../../src/index.js'
import {
  checkConfigOptions,
  checkOption,
  defineCapability,
  findUnsupportedOption,
  listUsedOptions,
} from '../../src/plugin.js'

const toUnsupported = (field: OptionName) => [{ field, reason: 'not here', remedy: 'use another' }]
const toFake = (field: OptionName) => ({ runtime: 'fake', unsupportedOptions: toUnsupported(field) })

describe('checkConfigOptions', () => {
  const usedOptions: readonly (readonly [OptionName, Partial<ContainerConfig>])[] = [
    ['privileged', { privileged: true }],
    ['memoryBytes', { memoryBytes: 1024 }],
    ['pull', { pull: 'never' }],
    ['capAdd', { capAdd: ['NET_ADMIN'] }],
    ['extraHosts', { extraHosts: { host: '10.0.0.1' } }],
    ['mounts.bind', { mounts: [{ type: 'bind', source: '/a', target: '/b' }] }],
    ['mounts.volume', { mounts: [{ type: 'volume', source: 'a', target: '/b' }] }],
    ['mounts.tmpfs', { mounts: [{ type: 'tmpfs', target: '/b' }] }],
    ['network.host', { network: { mode: 'host' } }],
    ['network.none', { network: { mode: 'none' } }],
    ['network.several', { network: { mode: 'networks', networks: [{ networkId: 'a' }, { networkId: 'b' }] } }],
    ['network.aliases', { network: { mode: 'networks', networks: [{ networkId: 'a', aliases: ['db'] }] } }],
    ['ports.hostPort', { ports: [{ containerPort: 80, hostPort: 8080 }] }],
    ['ports.udp', { ports: [{ containerPort: 53, protocol: 'udp' }] }],
    ['mounts.tmpfs.noexec', { mounts: [{ type: 'tmpfs', target: '/t' }] }],
    ['mounts.tmpfs.size', { mounts: [{ type: 'tmpfs', target: '/t', sizeBytes: 1024 * 1024 + 1 }] }],
    ['labels.equalsSign', { labels: { a: 'b', c: 'd=e' } }],
    ['cpus.fraction', { cpus: 1.5 }],
    ['memoryBytes.small', { memoryBytes: 64 * 1024 * 1024 }],
  ]

  it.each(usedOptions)('throws OPTION_UNSUPPORTED with the field for a config that uses %s', (field, config) => {
    expect(() => checkConfigOptions('fake', { image: 'x', ...config }, toUnsupported(field))).toThrow(
      expect.objectContaining({
        code: 'OPTION_UNSUPPORTED',
        facts: expect.objectContaining({ runtime: 'fake', field, reason: 'not here', remedy: 'use another' }),
      }),
    )
  })

  it.each(usedOptions)('listUsedOptions contains %s for a config that uses it', (field, config) => {
    expect(listUsedOptions({ image: 'x', ...config })).toContain(field)
  })

  const unusedOptions: readonly (readonly [OptionName, Partial<ContainerConfig>])[] = [
    ['privileged', { privileged: false }],
    ['capAdd', { capAdd: [] }],
    ['pull', { pull: 'missing' }],
    ['labels', { labels: {} }],
    ['network', { network: { mode: 'default' } }],
    ['network.aliases', { network: { mode: 'networks', networks: [{ networkId: 'a' }] } }],
    ['ports.hostPort', { ports: [{ containerPort: 80 }] }],
    ['mounts.tmpfs.noexec', { mounts: [{ type: 'tmpfs', target: '/t', executable: true }] }],
    ['mounts.tmpfs.size', { mounts: [{ type: 'tmpfs', target: '/t', sizeBytes: 1024 * 1024 }] }],
    ['mounts.tmpfs.size', { mounts: [{ type: 'tmpfs', target: '/t' }] }],
    ['labels.equalsSign', { labels: { a: 'b', c: '' } }],
    ['cpus.fraction', { cpus: 2 }],
    ['memoryBytes.small', { memoryBytes: 200 * 1024 * 1024 }],
    ['memoryBytes.small', {}],
    ['logs.since', {}],
    ['tty.resize', { tty: true }],
  ]

  it.each(unusedOptions)('accepts a config that does not use %s: %j', (field, config) => {
    expect(() => checkConfigOptions('fake', { image: 'x', ...config }, toUnsupported(field))).not.toThrow()
    expect(listUsedOptions({ image: 'x', ...config })).not.toContain(field)
  })

  it('listUsedOptions is empty for a config with only an image', () => {
    expect(listUsedOptions({ image: 'x' })).toEqual([])
  })
})

it('the error about an unsupported env shows its names and no value', () => {
  expect(() => checkConfigOptions('fake', { image: 'x', env: { PASSWORD: 'hush' } }, toUnsupported('env'))).toThrow(
    expect.objectContaining({ facts: expect.objectContaining({ given: '["PASSWORD"]' }) }),
  )
})

describe('checkOption', () => {
  it('throws for an unsupported option, with the given value', () => {
    const refuse = () => checkOption(runtimeCapability, 'logs.since', '2026-01-01T00:00:00Z', toFake('logs.since'))
    expect(refuse).toThrow(
      expect.objectContaining({ facts: expect.objectContaining({ given: '"2026-01-01T00:00:00Z"' }) }),
    )
    expect(() => checkOption(runtimeCapability, 'logs.since', 'x', toFake('logs.split'))).not.toThrow()
  })

  it.each([undefined, false])('accepts an option that is not used: %s', (given) => {
    expect(() => checkOption(runtimeCapability, 'tty', given, toFake('tty'))).not.toThrow()
  })

  it('throws for an unsupported option of a third party', () => {
    const capability: Capability<object, 'example.com/checkpoints.live'> = defineCapability({
      id: 'example.com/checkpoints',
      title: 'checkpoints',
      options: { 'example.com/checkpoints.live': 'a checkpoint of a running container' },
    })
    const field = 'example.com/checkpoints.live'
    expect(() => checkOption(capability, field, true, toFake(field))).toThrow(
      expect.objectContaining({
        message: `runtime "fake" does not support "${field}": not here; use another`,
        facts: { runtime: 'fake', field, given: 'true', reason: 'not here', remedy: 'use another' },
      }),
    )
  })
})

describe('findUnsupportedOption', () => {
  it.each([
    ['network.host', 'network'],
    ['mounts.tmpfs.size', 'mounts.tmpfs'],
    ['mounts.tmpfs.size', 'mounts'],
    ['mounts.volume.shared', 'mounts.volume'],
    ['memoryBytes.small', 'memoryBytes'],
    ['tty.resize', 'tty'],
  ] as const)('finds %s refused when the report refuses %s', (part, whole) => {
    expect(findUnsupportedOption(part, toUnsupported(whole))).toMatchObject({ field: whole })
    expect(() => checkOption(runtimeCapability, part, 'given', toFake(whole))).toThrow(
      expect.objectContaining({ code: 'OPTION_UNSUPPORTED', facts: expect.objectContaining({ field: whole }) }),
    )
  })

  it('prefers the entry of the field to that of the field that contains it', () => {
    const unsupportedOptions = [...toUnsupported('network'), ...toUnsupported('network.host')]
    expect(findUnsupportedOption('network.host', unsupportedOptions)).toMatchObject({ field: 'network.host' })
  })

  it('returns undefined when only a suboption of the field is unsupported', () => {
    expect(findUnsupportedOption('network', toUnsupported('network.host'))).toBeUndefined()
    expect(findUnsupportedOption('ports', toUnsupported('ports.udp'))).toBeUndefined()
  })
})
