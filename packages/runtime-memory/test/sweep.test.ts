import {
  imageBuilderCapability,
  networkManagerCapability,
  type RuntimePlugin,
  requireCapabilities,
  runtimeCapability,
  volumeManagerCapability,
} from '@capstan/core'
import { ownershipLabelKeys } from '@capstan/core/plugin'
import { expect, it } from 'vitest'
import { memoryPlugin } from '../src/index.js'
import { listEverything, openPlugin } from './support/open-memory.js'

it('sweep removes only the objects of dead owners', async () => {
  const plugin = memoryPlugin()
  await using living = await openPlugin(plugin)
  await makeAll(living, 'living')
  const { labels } = (await living.networks.listNetworks()).find(({ name }) => name === 'living') ?? { labels: {} }
  // The same process except for its start time, as when its pid was reused.
  const dead = await openAs(plugin, living, {
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
  expect([report.failed, report.undecidable]).toEqual([[], []])
  expect(await listEverything(living)).toEqual({
    containers: ['living running'],
    networks: ['living'],
    volumes: ['living'],
    images: ['living:latest'],
  })
  expect((await living.scope.sweep()).removed).toEqual([])
})

type Made = Pick<Awaited<ReturnType<typeof openPlugin>>, 'builder' | 'runtime' | 'networks' | 'volumes'>

async function makeAll({ builder, runtime, networks, volumes }: Made, name: string): Promise<void> {
  const networkId = await networks.createNetwork(name)
  await volumes.createVolume(name)
  await builder.buildImage(`FROM busybox\nENV NAME=${name}\nCMD ["sleep", "100"]`, name)
  const network = { mode: 'networks', networks: [{ networkId }] } as const
  const id = await runtime.createContainer({ image: name, name, network })
  await runtime.startContainer(id)
}

/** Opens the plugin as another process would. */
async function openAs(
  plugin: RuntimePlugin,
  { scope }: Awaited<ReturnType<typeof openPlugin>>,
  ownerLabels: Readonly<Record<string, string>>,
): Promise<Made> {
  const container = scope.container.createChildContainer()
  const other = { runtimeName: plugin.name, container, ownerLabels, env: {}, warn: () => {} }
  const probed = await plugin.probe({ timeoutMs: 1000, env: {} })
  if (!probed.available) throw new Error('a simulation is always here')
  plugin.register(other, probed.details)
  return requireCapabilities(other, {
    builder: imageBuilderCapability,
    runtime: runtimeCapability,
    networks: networkManagerCapability,
    volumes: volumeManagerCapability,
  })
}
