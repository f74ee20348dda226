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

interface Made {
  readonly running: string
  readonly created: string
  readonly lease: string
  readonly kept: string
  readonly networkId: string
  readonly volume: string
  readonly image: string
}

describeWithEngine('a sweep after a crash', ({ socketPath, image }) => {
  const children: ChildProcess[] = []
  const made: Made[] = []

  afterEach(async () => {
    await Promise.all(children.splice(0).map(kill))
    await using host = createHost()
    const scope = await host.open()
    for (const things of made.splice(0)) await removeAll(scope, things)
  })

  const createHost = () => createRuntimeHost({ plugins: [dockerPlugin({ endpoint: `unix://${socketPath}` })], env: {} })

  async function startChild(name: string): Promise<{ readonly child: ChildProcess; readonly things: Made }> {
    const script = fileURLToPath(new URL('fixtures/make-and-hang.mjs', import.meta.url))
    const env = { ...process.env, DOCKER_HOST: `unix://${socketPath}` }
    const child = spawn(process.execPath, [script, name, image], { env, stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(child)
    const [line] = await once(createInterface({ input: child.stdout }), 'line')
    const things: Made = JSON.parse(String(line))
    made.push(things)
    return { child, things }
  }

  it('removes the resources of a dead owner, keeps those of a living one, and finds nothing at the second call', async () => {
    expect(existsSync(new URL('../packages/core/dist/index.js', import.meta.url)), 'build first: tsc -b').toBe(true)
    const [dead, living] = [
      await startChild(`capstan-dead-${process.pid}`),
      await startChild(`capstan-alive-${process.pid}`),
    ]
    await kill(dead.child)
    await using host = createHost()
    const scope = await host.open()

    expect(toIds(await scope.sweep({ dryRun: true }))).toEqual(expect.arrayContaining([dead.things.running]))
    expect((await list(scope)).has(dead.things.running)).toBe(true)

    const swept = await scope.sweep()
    const left = await list(scope)
    const { running, created, networkId, volume, lease, kept } = dead.things
    for (const gone of [running, created, networkId, volume, dead.things.image]) expect(left).not.toContain(gone)
    expect(toIds(swept)).toEqual(expect.arrayContaining([running, created, networkId, volume]))
    expect(swept.failed).toEqual([])
    for (const stays of [lease, kept, ...Object.values(living.things)]) expect(left).toContain(stays)

    const made = new Set<string>([...Object.values(dead.things), ...Object.values(living.things)])
    expect(toIds(await scope.sweep()).filter((id) => made.has(id))).toEqual([])
  })
})

function toIds({ removed }: SweepReport): readonly string[] {
  return removed.map(({ id }) => id)
}

/** The ids of containers and networks, the names of volumes and the tags of images. */
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

async function removeAll(scope: RuntimeScope, things: Made): Promise<void> {
  const { networks, volumes } = requireCapabilities(scope, managers)
  for (const id of [things.running, things.created, things.lease, things.kept]) await scope.runtime.removeContainer(id)
  await networks.removeNetwork(things.networkId)
  await volumes.removeVolume(things.volume)
  await scope.runtime.removeImage(things.image)
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

const managers = { networks: networkManagerCapability, volumes: volumeManagerCapability }
