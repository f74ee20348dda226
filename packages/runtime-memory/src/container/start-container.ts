import { createHostError, createUndoStack, type UndoStack, withUndoFailures } from '@capstan/core'
import type { MemoryEngine } from '../memory-engine.js'
import type { Origin } from '../network/connect.js'
import { NetworkSpace } from '../network/network-space.js'
import { joinNetwork, type MemoryNetwork } from '../network/network-store.js'
import { publishPorts } from '../network/published-ports.js'
import { setFirewall } from '../network/set-firewall.js'
import { type CommandLine, findMain, type ProgramSources } from '../process/find-program.js'
import { SimulatedProcess } from '../process/simulated-process.js'
import { createSurroundings } from '../process/surroundings.js'
import { type AttachedClient, ContainerStreams } from './container-streams.js'
import { type ContainerRun, findRun, type MemoryContainer } from './memory-container.js'

/** Starts the container unless it runs; a client is attached before its program is. A failed start leaves it as it was. */
export async function startContainer(
  engine: MemoryEngine,
  container: MemoryContainer,
  client?: AttachedClient,
): Promise<ContainerRun> {
  while (container.starting !== undefined) await container.starting
  const current = findRun(container)
  if (current !== undefined) {
    if (client !== undefined) current.streams.attach(client)
    return current
  }
  const starting = start(engine, container, client)
  container.starting = starting.then(
    () => {},
    () => {},
  )
  return await starting.finally(() => {
    container.starting = undefined
  })
}

async function start(
  engine: MemoryEngine,
  container: MemoryContainer,
  client: AttachedClient | undefined,
): Promise<ContainerRun> {
  const undo = createUndoStack()
  try {
    return await createRun(engine, container, { client, undo })
  } catch (error) {
    throw withUndoFailures(error, await undo.run())
  }
}

async function createRun(
  engine: MemoryEngine,
  container: MemoryContainer,
  { client, undo }: { readonly client: AttachedClient | undefined; readonly undo: UndoStack },
): Promise<ContainerRun> {
  const { config, id } = container
  const sources = { files: container.files, programs: container.image.programs, commands: engine.commands }
  const program = await requireMain(container, sources)
  const space = new NetworkSpace()
  const networks = findNetworks(engine, container)
  for (const { network, names } of networks) {
    joinNetwork(network, id, names)
    undo.add(`address on ${network.name}`, async () => network.endpoints.delete(id))
  }
  const origin: Origin = {
    container,
    space,
    networks: networks.map(({ network }) => network),
    findSpace: (peer) => engine.findSpace(peer),
  }
  const ports = await publishPorts(config.ports ?? [], space)
  undo.add('published ports', ports.close)
  if (container.firewallRules !== undefined) setFirewall(origin, container.firewallRules)
  if (container.events.isRemoved) throw createHostError('CONTAINER_NOT_FOUND', { id })

  const terminal = config.tty === true
  const streams = new ContainerStreams({
    log: container.log,
    interactive: config.interactive === true,
    terminal,
    nextTurn: () => engine.nextTurn(),
    onInterrupt: () => process.signal('SIGINT'),
  })
  if (client !== undefined) streams.attach(client)
  const process = new SimulatedProcess(
    program,
    streams,
    createSurroundings({
      ...toLine(container),
      user: container.user,
      terminal,
      terminalSize: () => container.terminalSize,
      sources,
      origin,
    }),
  )
  const clear = async () => {
    space.close()
    for (const { network } of networks) network.endpoints.delete(id)
    await ports.close()
  }
  const run: ContainerRun = {
    process,
    streams,
    space,
    origin,
    ports: ports.bindings,
    execs: new Set(),
    startedAt: engine.clock.now(),
    finishedAt: undefined,
    exitCode: undefined,
    ended: process.exitCode.then(async (code) => {
      await end(engine, container, run, clear)
      return code
    }),
  }
  container.run = run
  container.events.start()
  return run
}

async function end(
  engine: MemoryEngine,
  container: MemoryContainer,
  run: ContainerRun,
  clear: () => Promise<void>,
): Promise<void> {
  for (const exec of run.execs) exec.kill()
  await clear()
  run.finishedAt = engine.clock.now()
  run.exitCode = await run.process.exitCode
  container.log.wake()
  if (container.config.autoRemove === true) deleteContainer(engine, container)
}

/** Takes the container off the list, and tells those who wait for it. */
export function deleteContainer({ containers }: MemoryEngine, { id, events }: MemoryContainer): void {
  containers.delete(id)
  events.remove()
}

async function requireMain(container: MemoryContainer, sources: ProgramSources) {
  const found = await findMain(sources, toLine(container), container.config.entrypoint !== undefined)
  if (found.program !== undefined) return found.program
  const { id, argv } = container
  throw createHostError(
    'COMMAND_NOT_STARTED',
    { id, command: argv, exitCode: found.exitCode },
    { cause: new Error(found.reason) },
  )
}

function toLine({ argv, env, workingDirectory }: MemoryContainer): CommandLine {
  return { argv, env, workingDirectory }
}

interface JoinedNetwork {
  readonly network: MemoryNetwork
  readonly names: readonly string[]
}

function findNetworks({ networks }: MemoryEngine, { config, name, id }: MemoryContainer): readonly JoinedNetwork[] {
  const { network = { mode: 'default' } } = config
  if (network.mode === 'default') return [{ network: networks.defaultNetwork, names: [] }]
  if (network.mode !== 'networks') return []
  return network.networks.map(({ networkId, aliases = [] }) => ({
    network: networks.require(networkId),
    names: [name, id.slice(0, 12), ...aliases],
  }))
}
