import { expect, it } from 'vitest'
import { ContainerStore } from '../../../src/containers/state/container-store.js'
import { allocateNetwork } from '../../../src/containers/state/network-allocation.js'
import { MemoryClock } from '../../../src/memory-clock.js'
import { MemoryEventLog } from '../../../src/memory-event-log.js'
import { NetworkNamespace } from '../../../src/networks/network-namespace.js'
import { NetworkStore } from '../../../src/networks/network-store.js'

it('leaves the networks that it joined when a later network has no free address', async () => {
  const events = new MemoryEventLog(new MemoryClock())
  const networks = new NetworkStore(events)
  const [free, full] = ['free', 'full'].map((name) => networks.add({ name, internal: false, labels: {} }))
  if (free === undefined || full === undefined) throw new Error('two networks were added')
  const namespace = new NetworkNamespace()
  const prefix = full.gateway.slice(0, -'0.1'.length)
  for (let host = 2; host < 65_535; host += 1) {
    const ipAddress = `${prefix}${host >> 8}.${host & 0xff}`
    full.members.set(ipAddress, { containerId: ipAddress, ipAddress, ipv6Address: undefined, names: [], namespace })
  }
  const joins = new Map([free, full].map(({ id }) => [id, { networkId: id }]))
  const container = { id: 'c', name: 'c', config: { image: 'busybox' }, joins }
  const allocating = allocateNetwork({ networks, containers: new ContainerStore(events) }, container, undefined)
  await expect(allocating).rejects.toMatchObject({ code: 'OPERATION_FAILED', facts: { subject: 'network "full"' } })
  expect(free.members.size).toBe(0)
})
