import { describe, expect, test } from 'vitest'
import { KnownContainers } from '../../src/engine/known-containers.js'

const toId = (index: number) => String(index).padStart(12, '0').padEnd(64, '0')

describe('KnownContainers', () => {
  test('keeps the engine ids of the containers that were removed last, for the events of the engine', () => {
    const containers = new KnownContainers()
    for (let index = 0; index < 300; index += 1) {
      containers.addSandboxed(toId(index), { id: `engine-${index}`, sandboxId: `sandbox-${index}` })
      containers.forgetRemoved(toId(index))
    }
    expect(containers.toEngineId(toId(299))).toBe('engine-299')
    expect(containers.toEngineId(toId(0))).toBe(toId(0))
  })

  test.each(['name', toId(1), toId(1).slice(0, 12)])('forgets how a container was created, by %s', (given) => {
    const containers = new KnownContainers()
    const request = { body: { HostConfig: {} }, platform: undefined, later: [] }
    containers.addCreated(toId(1), { name: 'name', request })
    containers.addCreated(toId(2), { name: undefined, request })
    containers.forgetCreated(given)
    expect([containers.findCreated(toId(1)), containers.findCreated(toId(2))]).toEqual([undefined, request])
  })
})
