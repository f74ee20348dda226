import type { RuntimeEvent } from '@capstan/core'
import { describe, expect, it } from 'vitest'
import { openMemory } from './support/open-memory.js'

describe('events of the simulation', () => {
  it('reports the life of a container, with its networks', async () => {
    await using memory = await openMemory()
    const { runtime, events } = memory
    await using subscription = await events.events()
    const id = await runtime.createContainer({
      image: 'busybox',
      name: 'web',
      labels: { app: 'web' },
      command: ['exit', '7'],
    })
    await runtime.startContainer(id)
    await runtime.waitContainer(id)
    await runtime.removeContainer(id)
    const seen = await take(subscription, 6)
    expect(seen.map(({ kind, action }) => `${kind} ${action}`)).toEqual([
      'container created',
      'network connected',
      'container started',
      'network disconnected',
      'container exited',
      'container removed',
    ])
    expect(seen[0]).toMatchObject({ id, name: 'web', image: 'busybox', labels: { app: 'web' } })
    expect(seen[1]).toMatchObject({ name: 'bridge', containerId: id })
    expect(seen[4]).toMatchObject({ id, exitCode: 7 })
  })

  it('reports images, networks and volumes', async () => {
    await using memory = await openMemory()
    const { events, builder, networks, volumes, runtime } = memory
    await using subscription = await events.events({ kinds: ['image', 'network', 'volume'] })
    const networkId = await networks.createNetwork('net')
    await networks.removeNetwork(networkId)
    await volumes.createVolume('data')
    await volumes.removeVolume('data')
    await volumes.removeVolume('data')
    await builder.buildImage('FROM busybox\nENV A=1\n', 'app:1', { tags: ['app:2'] })
    await runtime.removeImage('app:1')
    await runtime.removeImage('app:2')
    const seen = await take(subscription, 9)
    expect(seen.map(({ kind, action }) => `${kind} ${action}`)).toEqual([
      'network created',
      'network removed',
      'volume created',
      'volume removed',
      'image tagged',
      'image tagged',
      'image untagged',
      'image untagged',
      'image removed',
    ])
    expect(seen.flatMap((event) => (event.kind === 'image' ? [event.reference] : []))).toEqual([
      'app:1',
      'app:2',
      'app:1',
      'app:2',
      undefined,
    ])
  })

  it('ends at a time in the past after the events since another time', async () => {
    await using memory = await openMemory()
    const { runtime, events } = memory
    const id = await runtime.createContainer({ image: 'busybox' })
    await using current = await events.events()
    await runtime.removeContainer(id)
    const [removed] = await take(current, 1)
    const since = removed?.timestamp ?? ''
    const seen = await readAll(await events.events({ since, until: since, kinds: ['container'] }))
    expect(seen.map(({ action }) => action)).toEqual(['removed'])
  })

  it('ends at a time in the future', async () => {
    await using memory = await openMemory()
    expect(await readAll(await memory.events.events({ until: new Date(Date.now() + 10) }))).toEqual([])
  })

  it('keeps the last 256 events', async () => {
    await using memory = await openMemory()
    for (let number = 0; number < 200; number += 1) {
      await memory.volumes.createVolume(`v${number}`)
      await memory.volumes.removeVolume(`v${number}`)
    }
    const seen = await readAll(await memory.events.events({ since: new Date(0), until: new Date(Date.now() + 50) }))
    expect(seen.length).toBe(256)
  })

  it('rejects kinds that `unsupportedOptions` lists, and leaves them out otherwise', async () => {
    await using memory = await openMemory({ unsupportedOptions: ['event.networks'] })
    const { events, networks, volumes } = memory
    await expect(events.events({ kinds: ['network'] })).rejects.toMatchObject({
      code: 'OPTION_UNSUPPORTED',
      facts: { field: 'event.networks' },
    })
    await using subscription = await events.events()
    await networks.createNetwork('net')
    await volumes.createVolume('data')
    expect(await take(subscription, 1)).toMatchObject([{ kind: 'volume', name: 'data' }])
  })
})

async function take(events: AsyncIterable<RuntimeEvent>, count: number): Promise<readonly RuntimeEvent[]> {
  const seen: RuntimeEvent[] = []
  for await (const event of events) {
    seen.push(event)
    if (seen.length === count) break
  }
  return seen
}

async function readAll(events: AsyncIterable<RuntimeEvent>): Promise<readonly RuntimeEvent[]> {
  return await take(events, Number.POSITIVE_INFINITY)
}
