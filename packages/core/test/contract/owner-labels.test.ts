import { describe, expect, it } from 'vitest'
import {
  ownershipLabelKeys,
  parseOwnerLabels,
  toObjectLabels,
  toOwnerLabels,
  toVolumeLabels,
} from '../../src/plugin.js'

const owner = { instanceId: 'i', pid: 7, processStart: '5', bootId: 'b', pidNamespace: 'n', machineId: 'm' }

describe('owner labels', () => {
  it('have fixed keys, since a later version must recognize objects of an earlier one', () => {
    expect(toObjectLabels({ kind: 'container' }, toOwnerLabels(owner), { app: 'x' })).toEqual({
      'capstan.owner.instance': 'i',
      'capstan.owner.pid': '7',
      'capstan.owner.process-start': '5',
      'capstan.owner.boot': 'b',
      'capstan.owner.pid-namespace': 'n',
      'capstan.owner.machine': 'm',
      'capstan.app': '-',
      'capstan.lifetime': 'owner',
      'capstan.object': 'container',
      app: 'x',
    })
  })

  it('have lower-case, dotted keys, which every engine accepts', () => {
    for (const key of Object.values(ownershipLabelKeys)) expect(key).toMatch(/^[a-z]+(\.[a-z-]+)+$/)
  })

  it('contain the application of an owner', () => {
    expect(toOwnerLabels({ ...owner, app: 'shop' })).toMatchObject({ 'capstan.app': 'shop' })
    expect(parseOwnerLabels(toOwnerLabels({ ...owner, app: 'shop' }))).toEqual({ ...owner, app: 'shop' })
  })

  it('replace the application label that a container would inherit from its image', () => {
    const inherited = { ...toOwnerLabels({ ...owner, app: 'shop' }), ...toOwnerLabels(owner) }
    expect(parseOwnerLabels(inherited)).toEqual(owner)
  })

  it('of a new volume have the lifetime of its container, unless the labels of the mount have one', () => {
    const mount = { type: 'volume', source: 'data', target: '/data' } as const
    const container = { labels: { 'capstan.lifetime': 'lease', other: 'x' } }
    expect(toVolumeLabels(mount, container, toOwnerLabels(owner))).toEqual({
      ...toObjectLabels({ kind: 'volume' }, toOwnerLabels(owner)),
      'capstan.lifetime': 'lease',
    })
    const labels = { 'capstan.lifetime': 'persistent', kept: 'yes' }
    expect(toVolumeLabels({ ...mount, labels }, container, {})).toMatchObject(labels)
    expect(toVolumeLabels(mount, {}, {})).toEqual({ 'capstan.lifetime': 'owner', 'capstan.object': 'volume' })
  })
})
