import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import {
  type ContainerConfig,
  createRuntimeHost,
  eventStreamCapability,
  type NetworkManager,
  networkManagerCapability,
  type Runtime,
  requireCapabilities,
  type VolumeManager,
  volumeManagerCapability,
} from '@capstan/core'
import { OperationScope, type StringMap, type UnsupportedOption } from '@capstan/core/plugin'
import { memoryPlugin } from '@capstan/runtime-memory'
import { onTestFinished } from 'vitest'
import { CommandComposeManager } from '../../src/index.js'

/** A step that the player of Compose plays. */
export type PlayedStep =
  | { readonly stdout: string }
  | { readonly stderr: string }
  | { readonly id: string; readonly status: string }
  | { readonly ignores: readonly string[] }
  | { readonly hangs: true }
  | { readonly exit: number; readonly error?: string }
  | EngineStep

/** A step for which the player asks the engine. `isLate`: the player does not wait, and the engine works when it has ended. */
type EngineStep = { readonly isLate?: boolean } & (
  | { readonly type: 'network' | 'volume'; readonly kind: 'network' | 'volume'; readonly key: string }
  | ({ readonly type: 'container'; readonly kind: 'service'; readonly service: string } & Omit<
      ContainerConfig,
      'image'
    >)
  | { readonly type: 'removeContainers' }
)

/** What a test writes into the file of a project. */
export interface PlayedProject {
  /** The output of `config`. */
  readonly model?: object
  /** The services that are in the output only with one of their profiles. */
  readonly inactive?: Readonly<Record<string, { readonly profiles: readonly string[] }>>
  readonly config?: readonly PlayedStep[]
  readonly up?: readonly PlayedStep[]
  readonly down?: readonly PlayedStep[]
}

/** A call of the player that reached the engine. */
export interface PlayedCall {
  readonly args: readonly string[]
  readonly override: Readonly<Record<string, Readonly<Record<string, { readonly labels?: StringMap }>>>> | null
  readonly env: StringMap
}

export const network: PlayedStep = { type: 'network', kind: 'network', key: 'default' }
export const volume: PlayedStep = { type: 'volume', kind: 'volume', key: 'data' }
export const container = (service: string, config: Omit<ContainerConfig, 'image'> = {}): PlayedStep => {
  return { type: 'container', kind: 'service', service, command: ['sleep', '60'], ...config }
}

/** Opens a manager of projects on a simulated runtime, with a program that plays Compose. */
export async function openProjects(
  env: StringMap = {},
  { unsupportedOptions = [] }: { readonly unsupportedOptions?: readonly UnsupportedOption[] } = {},
) {
  const directory = await mkdtemp(join(tmpdir(), 'capstan-compose-test-'))
  const host = createRuntimeHost({ plugins: [memoryPlugin()], env: {} })
  const scope = await host.open({ runtime: 'memory' })
  const { networks, volumes, events } = requireCapabilities(scope, {
    networks: networkManagerCapability,
    volumes: volumeManagerCapability,
    events: eventStreamCapability,
  })
  const { runtime } = scope
  const managers = { runtime, networks, volumes }
  const calls: PlayedCall[] = []
  const engine = await startEngine(join(directory, 'engine.sock'), { ...managers, calls })
  const program = join(directory, 'docker-compose')
  await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${player}' "$@"\n`)
  await chmod(program, 0o755)
  const operations = new OperationScope()
  const address = `unix://${join(directory, 'engine.sock')}`
  const compose = new CommandComposeManager({
    program: { path: program, version: '2.40.3' },
    runtimeName: 'memory',
    env: { PATH: process.env.PATH, HOME: directory, ...env },
    ownerLabels: { 'capstan.owner.instance': 'own', 'capstan.app': 'test' },
    ...{ unsupportedOptions, operations, address, managers, events },
    findEndpoint: () => ({ host: address }),
  })
  onTestFinished(async () => {
    await operations.close()
    await engine.close()
    await host[Symbol.asyncDispose]()
    await rm(directory, { recursive: true, force: true })
  })
  let files = 0
  return {
    ...{ compose, calls, operations, directory, ...managers },
    /** Writes the file of a project. */
    async write(project: PlayedProject) {
      files += 1
      const file = join(directory, `compose-${files}.json`)
      await writeFile(file, JSON.stringify(project))
      return { name: 'shop', files: [file] as const }
    },
    /** The names of all objects of the engine, when it has served all requests. */
    async list() {
      await engine.served()
      const found = await Promise.all([runtime.listContainers(), networks.listNetworks(), volumes.listVolumes()])
      const names = found.flat().map(({ name }) => name)
      return names.filter((name) => !['default', 'host', 'none', 'bridge'].includes(name)).sort()
    },
  }
}

interface EngineContext {
  readonly runtime: Runtime
  readonly networks: NetworkManager
  readonly volumes: VolumeManager
  readonly calls: PlayedCall[]
}

/** Serves the requests of the player with the simulated runtime. Works on when the player has ended. */
async function startEngine(path: string, context: EngineContext) {
  const sockets = new Set<Socket>()
  const works = new Set<Promise<unknown>>()
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}))
    // An engine that is busy: the undo lists the objects first.
    const ended = new Promise<void>((resolve) => socket.once('close', () => setTimeout(resolve, 200)))
    createInterface({ input: socket })
      .on('error', () => {})
      .on('line', (line) => {
        const request = JSON.parse(line)
        const work = (request.isLate ? ended : Promise.resolve()).then(() => serve(request, context))
        works.add(work)
        work.then(
          () => socket.write('{}\n'),
          (error: unknown) => socket.destroy(error instanceof Error ? error : undefined),
        )
      })
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  const served = () => Promise.allSettled(works)
  return {
    served,
    async close() {
      for (const socket of sockets) socket.destroy()
      await served()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

interface EngineRequest extends PlayedCall {
  readonly type: 'called' | 'network' | 'volume' | 'container' | 'removeContainers'
  readonly project: string
  readonly labels: StringMap
  readonly key: string
  readonly service: string
  readonly kind: string
  readonly isLate: boolean
}

async function serve(request: EngineRequest, { runtime, networks, volumes, calls }: EngineContext): Promise<void> {
  const {
    type,
    project,
    labels: given,
    key,
    service,
    kind: _kind,
    isLate: _isLate,
    args,
    override,
    env,
    ...config
  } = request
  if (type === 'called') return void calls.push({ args, override, env })
  // A caller of the simulation may not set the labels of owners.
  const own = Object.entries(given).filter(([name]) => !name.startsWith('capstan.'))
  const labels = { ...Object.fromEntries(own), 'com.docker.compose.project': project }
  if (type === 'network') {
    await networks.createNetwork(`${project}_${key}`, { labels: { ...labels, 'com.docker.compose.network': key } })
  } else if (type === 'volume') {
    const name = `${project}_${key}`
    // Compose uses a volume that exists.
    if ((await volumes.listVolumes()).some((volume) => volume.name === name)) return
    await volumes.createVolume(name, { labels: { ...labels, 'com.docker.compose.volume': key } })
  } else if (type === 'container') {
    const number = (await runtime.listContainers({ labels: { 'com.docker.compose.service': service } })).length + 1
    const id = await runtime.createContainer({
      name: `${project}-${service}-${number}`,
      image: 'busybox',
      ...config,
      labels: {
        ...labels,
        'com.docker.compose.service': service,
        'com.docker.compose.container-number': String(number),
        'com.docker.compose.oneoff': 'False',
      },
    })
    await runtime.startContainer(id)
  } else {
    const found = await runtime.listContainers({ labels: { 'com.docker.compose.project': project } })
    await Promise.all(found.map(({ id }) => runtime.removeContainer(id)))
  }
}

const player = fileURLToPath(new URL('compose-player.mjs', import.meta.url))
