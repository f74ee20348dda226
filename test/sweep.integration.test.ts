import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import {
  createRuntimeHost,
  networkManagerCapability,
  type RuntimeScope,
  requireCapabilities,
  type SweepReport,
  volumeManagerCapability,
} from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import { afterEach, expect, it } from 'vitest'
import { describeWithEngine } from './support/test-engine.js'

interface CreatedResources {
  readonly running: string
  readonly created: string
  readonly lease: string
  readonly persistent: string
  readonly networkId: string
  readonly volume: string
  readonly image: string
}

describeWithEngine('a sweep after a crash', ({ socketPath, image }) => {
  const children: ChildProcess[] = []
  const created: CreatedResources[] = []

  afterEach(async () => {
    await Promise.all(children.splice(0).map(kill))
    await using host = createHost()
    const scope = await host.open()
    for (const resources of created.splice(0)) await removeAll(scope, resources)
  })

  // With a name of its own, a sweep removes no object of other tests.
  const createHost = () =>
    createRuntimeHost({
      plugins: [dockerPlugin({ endpoint: `unix://${socketPath}` })],
      env: {},
      app: 'capstan-test-sweep',
    })

  async function startChild(
    name: string,
  ): Promise<{ readonly child: ChildProcess; readonly resources: CreatedResources }> {
    const script = fileURLToPath(new URL('fixtures/create-resources.mjs', import.meta.url))
    const env = { ...process.env, DOCKER_HOST: `unix://${socketPath}` }
    const child = spawn(process.execPath, [script, name, image], { env, stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(child)
    const [line] = await once(createInterface({ input: child.stdout }), 'line')
    const resources: CreatedResources = JSON.parse(String(line))
    created.push(resources)
    return { child, resources }
  }

  it('removes the resources of a killed process, keeps those of a running one, and removes nothing at the second call', async () => {
    expect(existsSync(new URL('../packages/core/dist/index.js', import.meta.url)), 'build first: tsc -b').toBe(true)
    const [killed, running] = [
      await startChild(`capstan-killed-${process.pid}`),
      await startChild(`capstan-running-${process.pid}`),
    ]
    await kill(killed.child)
    await using host = createHost()
    const scope = await host.open()

    expect(toIds(await scope.sweep({ dryRun: true }))).toEqual(expect.arrayContaining([killed.resources.running]))
    expect((await list(scope)).has(killed.resources.running)).toBe(true)

    const swept = await scope.sweep()
    const remaining = await list(scope)
    const { networkId, volume, lease, persistent, image: tag, ...containers } = killed.resources
    const removed = [containers.running, containers.created, networkId, volume]
    for (const id of [...removed, tag]) expect(remaining).not.toContain(id)
    expect(toIds(swept)).toEqual(expect.arrayContaining(removed))
    expect(swept.failed).toEqual([])
    for (const id of [lease, persistent, ...Object.values(running.resources)]) expect(remaining).toContain(id)

    const all = new Set<string>([...Object.values(killed.resources), ...Object.values(running.resources)])
    expect(toIds(await scope.sweep()).filter((id) => all.has(id))).toEqual([])
  })
})

function toIds({ removed }: SweepReport): readonly string[] {
  return removed.map(({ id }) => id)
}

/** Lists the IDs of containers and networks, the names of volumes and the tags of images. */
async function list(scope: RuntimeScope): Promise<ReadonlySet<string>> {
  const { networks, volumes } = requireCapabilities(scope, managers)
  const listed = await Promise.all([
    scope.runtime.listContainers().then((all) => all.map(({ id }) => id)),
    networks.listNetworks().then((all) => all.map(({ id }) => id)),
    volumes.listVolumes().then((all) => all.map(({ name }) => name)),
    scope.runtime.listImages().then((all) => all.flatMap(({ tags }) => tags)),
  ])
  return new Set(listed.flat())
}

async function removeAll(scope: RuntimeScope, resources: CreatedResources): Promise<void> {
  const { networks, volumes } = requireCapabilities(scope, managers)
  const { running, created, lease, persistent, networkId, volume, image } = resources
  for (const id of [running, created, lease, persistent]) await scope.runtime.removeContainer(id)
  await networks.removeNetwork(networkId)
  await volumes.removeVolume(volume)
  await scope.runtime.removeImage(image)
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

const managers = { networks: networkManagerCapability, volumes: volumeManagerCapability }
