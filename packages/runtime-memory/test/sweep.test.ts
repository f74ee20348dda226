import type { RuntimePlugin } from '@capstan/core'
import { ownershipLabelKeys } from '@capstan/core/plugin'
import { expect, it } from 'vitest'
import { memoryPlugin } from '../src/index.js'
import { listObjects, type OpenMemory, openPlugin } from './support/open-memory.js'

it('sweep removes only objects whose owner process has ended', async () => {
  const plugin = memoryPlugin()
  await using current = await openPlugin(plugin)
  await makeAll(current, 'current')
  const { labels } = (await current.networks.listNetworks()).find(({ name }) => name === 'current') ?? { labels: {} }
  // The same process except for its start time, as when its pid was reused.
  await using ended = await openAs(plugin, {
    ...labels,
    [ownershipLabelKeys.processStart]: '1',
    [ownershipLabelKeys.instance]: 'ended',
  })
  await makeAll(ended, 'ended')
  const report = await current.scope.sweep()
  expect(report.removed.map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual([
    'container ended',
    'image ended:latest',
    'network ended',
    'volume ended',
  ])
  expect([report.failed, report.kept]).toEqual([[], []])
  expect(await listObjects(current)).toEqual({
    containers: ['current running'],
    networks: ['current'],
    volumes: ['current'],
    images: ['current:latest'],
  })
  expect((await current.scope.sweep()).removed).toEqual([])
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
