import type { RuntimePlugin } from '@capstan/core'
import { ownershipLabelKeys } from '@capstan/core/plugin'
import { expect, it } from 'vitest'
import { memoryPlugin } from '../src/index.js'
import { listObjects, type OpenMemory, openPlugin } from './support/open-memory.js'

it('sweep removes only objects whose owner process has ended', async () => {
  const plugin = memoryPlugin()
  await using living = await openPlugin(plugin)
  await makeAll(living, 'living')
  const { labels } = (await living.networks.listNetworks()).find(({ name }) => name === 'living') ?? { labels: {} }
  // The same process except for its start time, as when its pid was reused.
  await using dead = await openAs(plugin, {
    ...labels,
    [ownershipLabelKeys.processStart]: '1',
    [ownershipLabelKeys.instance]: 'dead',
  })
  await makeAll(dead, 'dead')
  const report = await living.scope.sweep()
  expect(report.removed.map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual([
    'container dead',
    'image dead:latest',
    'network dead',
    'volume dead',
  ])
  expect([report.failed, report.kept]).toEqual([[], []])
  expect(await listObjects(living)).toEqual({
    containers: ['living running'],
    networks: ['living'],
    volumes: ['living'],
    images: ['living:latest'],
  })
  expect((await living.scope.sweep()).removed).toEqual([])
})

async function makeAll({ builder, runtime, networks, volumes }: OpenMemory, name: string): Promise<void> {
  const networkId = await networks.createNetwork(name)
  await volumes.createVolume(name)
  await builder.buildImage(`FROM busybox\nENV NAME=${name}\nCMD ["sleep", "100"]`, name)
  const network = { mode: 'networks', networks: [{ networkId }] } as const
  const id = await runtime.createContainer({ image: name, name, network })
  await runtime.startContainer(id)
}

/** Opens the plugin as another process would. */
function openAs(plugin: RuntimePlugin, ownerLabels: Readonly<Record<string, string>>): Promise<OpenMemory> {
  return openPlugin({ ...plugin, register: (scope, details) => plugin.register({ ...scope, ownerLabels }, details) })
}
