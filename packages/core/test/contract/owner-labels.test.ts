import { describe, expect, it } from 'vitest'
import { toHostLabels } from '../../src/contract/owner-labels.js'
import {
  ownershipLabelKeys,
  parseOwnerLabels,
  toObjectLabels,
  toOwnerLabels,
  toVolumeLabels,
} from '../../src/plugin.js'

const owner = { instanceId: 'i', pid: 7, processStart: '5', bootId: 'b', pidNamespace: 'n', machineId: 'm' }

describe('the labels of what Capstan makes', () => {
  it('keep their keys: a later version must know what an earlier one left', () => {
    expect(toObjectLabels({ kind: 'container' }, toOwnerLabels(owner), { app: 'x' })).toEqual({
      'capstan.owner.instance': 'i',
      'capstan.owner.pid': '7',
      'capstan.owner.process-start': '5',
      'capstan.owner.boot': 'b',
      'capstan.owner.pid-namespace': 'n',
      'capstan.owner.machine': 'm',
      'capstan.lifetime': 'owner',
      'capstan.object': 'container',
      app: 'x',
    })
  })

  it('have keys that every engine takes: lower case and dotted', () => {
    for (const key of Object.values(ownershipLabelKeys)) expect(key).toMatch(/^[a-z]+(\.[a-z-]+)+$/)
  })

  it('tell the application of an owner that has one', () => {
    expect(toOwnerLabels({ ...owner, app: 'shop' })).toMatchObject({ 'capstan.app': 'shop' })
    expect(parseOwnerLabels(toOwnerLabels({ ...owner, app: 'shop' }))).toEqual({ ...owner, app: 'shop' })
  })

  it('hide the application of an image from a host without one', () => {
    const inherited = { ...toHostLabels({ ...owner, app: 'shop' }), ...toHostLabels(owner) }
    expect(parseOwnerLabels(inherited)).toEqual(owner)
  })

  it('give an absent volume the lifetime of its container, and the labels of its mount before it', () => {
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
