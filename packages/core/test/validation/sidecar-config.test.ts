import { describe, expect, it } from 'vitest'
import type { SidecarConfig } from '../../src/index.js'
import { validateSidecarConfig } from '../../src/plugin.js'

/** As plain JavaScript may pass it. */
function convert(sidecar: unknown): unknown {
  return validateSidecarConfig(sidecar as SidecarConfig)
}

const sidecar = { image: 'busybox', name: 's' }

describe('validateSidecarConfig', () => {
  it('joins the networks of the sidecar, else the default network', () => {
    const networks = [{ networkId: 'a', aliases: ['db'] }, { networkId: 'b' }]
    expect(convert({ ...sidecar, networks })).toEqual({ ...sidecar, network: { mode: 'networks', networks } })
    expect(convert({ ...sidecar, networks: [] })).toEqual(sidecar)
    expect(convert(sidecar)).toEqual(sidecar)
  })

  it.each([
    ['config', undefined],
    ['config', null],
    ['config', 'busybox'],
    ['name', { image: 'busybox' }],
    ['image', { name: 's' }],
    ['network', { ...sidecar, network: { mode: 'host' } }],
    ['network', { ...sidecar, network: { mode: 'none' }, networks: [{ networkId: 'a' }] }],
    ['tty', { ...sidecar, tty: true }],
    ['interactive', { ...sidecar, interactive: false }],
    ['networks', { ...sidecar, networks: null }],
    ['networks', { ...sidecar, networks: 'a' }],
    ['networks[0]', { ...sidecar, networks: ['a'] }],
    ['networks[0].networkId', { ...sidecar, networks: [{ networkId: '-' }] }],
    ['networks[0].aliases[1]', { ...sidecar, networks: [{ networkId: 'a', aliases: ['x', 'x'] }] }],
    ['networks[1]', { ...sidecar, networks: [{ networkId: 'a' }, { networkId: 'a' }] }],
    ['ports[0].containerPort', { ...sidecar, ports: [{ containerPort: 0 }] }],
    ['nmae', { ...sidecar, nmae: 's' }],
  ])('rejects an invalid %s with its path: %j', (field, config) => {
    expect(() => convert(config)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', facts: expect.objectContaining({ field }) }),
    )
  })
})
