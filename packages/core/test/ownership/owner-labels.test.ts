import { describe, expect, it } from 'vitest'
import { ownershipLabelKeys, toObjectLabels, toOwnerLabels } from '../../src/index.js'

const owner = { instanceId: 'i', pid: 7, processStart: '5', bootId: 'b', pidNamespace: 'n', machineId: 'm' }

describe('the labels of what Capstan makes', () => {
  it('keep their keys: a later version must know what an earlier one left (F22)', () => {
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
})
