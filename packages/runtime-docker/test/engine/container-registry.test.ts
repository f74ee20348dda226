import { describe, expect, test } from 'vitest'
import { ContainerRegistry } from '../../src/engine/container-registry.js'

const toId = (index: number) => String(index).padStart(12, '0').padEnd(64, '0')

describe('ContainerRegistry', () => {
  test('finds the engine id of one of the last removed containers, and not of an earlier one', () => {
    const containers = new ContainerRegistry()
    for (let index = 0; index < 300; index += 1) {
      containers.addSandboxed(toId(index), { id: `engine-${index}`, sandboxId: `sandbox-${index}` })
      containers.moveToRemoved(toId(index))
    }
    expect(containers.toEngineId(toId(299))).toBe('engine-299')
    expect(containers.toEngineId(toId(0))).toBe(toId(0))
  })

  test.each(['name', toId(1), toId(1).slice(0, 12)])(
    'removes the stored create request of a container, by %s',
    (given) => {
      const containers = new ContainerRegistry()
      const request = { body: { HostConfig: {} }, platform: undefined, laterNetworks: [] }
      containers.addCreated(toId(1), { name: 'name', request })
      containers.addCreated(toId(2), { name: undefined, request })
      containers.forgetCreated(given)
      expect([containers.findCreated(toId(1)), containers.findCreated(toId(2))]).toEqual([undefined, request])
    },
  )
})
