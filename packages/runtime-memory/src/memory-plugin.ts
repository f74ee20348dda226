import {
  buildServiceCapability,
  type Capability,
  composeManagerCapability,
  containerControlCapability,
  containerStatsCapability,
  eventStreamCapability,
  execManagerCapability,
  fileTransferCapability,
  firewallManagerCapability,
  imageBuilderCapability,
  imageManagerCapability,
  imageTransferCapability,
  jobManagerCapability,
  type MissingCapability,
  networkManagerCapability,
  type OptionName,
  type Runtime,
  type RuntimePlugin,
  runtimeCapability,
  sidecarManagerCapability,
  swarmManagerCapability,
  volumeManagerCapability,
} from '@capstan/core'
import {
  addUnsupportedVolumeMounts,
  ContainerJobManager,
  check,
  createHostError,
  type OptionKinds,
  type RegistrationScope,
  type UnsupportedOption,
  unsupportedJobOptions,
  validatePluginOptions,
} from '@capstan/core/plugin'
import { Cluster } from './cluster/cluster.js'
import { createEngine } from './create-engine.js'
import type { MemoryCluster, MemoryClusterOptions } from './memory-cluster.js'
import { MemoryClusterJobManager } from './memory-cluster-job-manager.js'
import { MemoryComposeManager } from './memory-compose-manager.js'
import { MemoryContainerControl } from './memory-container-control.js'
import { MemoryContainerStats } from './memory-container-stats.js'
import { MemoryEventStream } from './memory-event-stream.js'
import { MemoryExecManager } from './memory-exec-manager.js'
import { MemoryFileTransfer } from './memory-file-transfer.js'
import { MemoryFirewallManager } from './memory-firewall-manager.js'
import { MemoryImageBuilder } from './memory-image-builder.js'
import { MemoryImageManager } from './memory-image-manager.js'
import { MemoryImageTransfer } from './memory-image-transfer.js'
import { MemoryNetworkManager } from './memory-network-manager.js'
import type { MemoryPluginOptions } from './memory-plugin-options.js'
import { MemoryRuntime } from './memory-runtime.js'
import { MemoryRuntimeContext } from './memory-runtime-context.js'
import { MemorySidecarManager } from './memory-sidecar-manager.js'
import { MemorySwarmManager } from './memory-swarm-manager.js'
import { MemoryVolumeManager } from './memory-volume-manager.js'

/**
 * Creates a plugin for a runtime that is simulated in this process. It has every capability except BuildKit
 * builds and those of `without`.
 *
 * The host opens it only by name. Its state belongs to the returned value: closing a runtime keeps containers,
 * networks, volumes and images, and opening the same plugin again finds them.
 *
 * With `cluster` it has the services of a simulated cluster, whose nodes `cluster` of the plugin controls.
 *
 * @throws HostError INVALID_ARGUMENT for an unknown or a bad option, when `without` contains the runtime itself, and for a cluster
 * without nodes
 */
export function memoryPlugin(
  options: MemoryPluginOptions & { readonly cluster: MemoryClusterOptions },
): MemoryClusterPlugin
export function memoryPlugin(options?: MemoryPluginOptions): RuntimePlugin
export function memoryPlugin(options: MemoryPluginOptions = {}): RuntimePlugin {
  validatePluginOptions(options, optionKinds)
  const { name = 'memory', without = [] } = options
  checkWithout(without)
  const engine = createEngine(options)
  const cluster = options.cluster && new Cluster(options.cluster, engine, name)
  const notProvided = cluster === undefined ? [...notSimulated, noCluster] : notSimulated
  const left = without.filter(({ id }) => notProvided.every((missing) => missing.id !== id))
  const absent = [...notProvided, ...left.map(toAbsent), ...listAbsentCompose(without)]
  const unsupported = cluster === undefined ? [...alwaysUnsupported, ...unsupportedWithoutCluster] : alwaysUnsupported
  const configured = toUnsupportedOptions(options.unsupportedOptions, unsupported)
  const unsupportedOptions = addUnsupportedVolumeMounts(configured, absent)
  const managers = [...engineManagers, ...(cluster === undefined ? [containerJobs] : createClusterManagers(cluster))]
  const provided = managers.filter(({ capability }) => absent.every(({ id }) => id !== capability.id))
  const provides = [runtimeCapability, ...provided.map(({ capability }) => capability)]
  return {
    name,
    contractVersion: 1,
    packageName: '@capstan/runtime-memory',
    packageVersion: '0.1.0',
    selection: 'named',
    probe: async ({ signal }) => {
      signal?.throwIfAborted()
      return { ...probeResult, provides, absent, unsupportedOptions }
    },
    register: (scope) => {
      const context = new MemoryRuntimeContext({ ...scope, engine, unsupportedOptions })
      const runtime = new MemoryRuntime(context)
      scope.provide(runtimeCapability, runtime)
      for (const { provide } of provided) provide(scope, context, runtime)
    },
    ...(cluster !== undefined && { cluster }),
  }
}

/** A plugin with a simulated cluster. */
export interface MemoryClusterPlugin extends RuntimePlugin {
  readonly cluster: MemoryCluster
}

interface Manager {
  readonly capability: Capability<object>
  readonly provide: (scope: RegistrationScope, context: MemoryRuntimeContext, runtime: Runtime) => void
}

/** Couples a capability with the class that implements it. */
function createManager<T extends object>(
  capability: Capability<T>,
  Implementation: new (context: MemoryRuntimeContext, runtime: Runtime) => NoInfer<T>,
): Manager {
  return {
    capability,
    provide: (scope, context, runtime) => scope.provide(capability, new Implementation(context, runtime)),
  }
}

const optionKinds: OptionKinds<MemoryPluginOptions> = {
  name: 'text',
  images: 'object',
  pullable: 'object',
  registries: 'list',
  commands: 'object',
  without: 'list',
  unsupportedOptions: 'list',
  faults: 'list',
  logLimitBytes: 'number',
  cluster: 'object',
}

function checkWithout(without: readonly Capability<object>[]): void {
  for (const [index, capability] of without.entries()) {
    check(
      typeof capability?.id === 'string',
      `without[${index}]`,
      'a capability, such as networkManagerCapability',
      capability,
    )
  }
  if (without.every(({ id }) => id !== runtimeCapability.id)) return
  const expected = 'capabilities other than the runtime, which every plugin provides'
  throw createHostError('INVALID_ARGUMENT', { field: 'without', expected, given: runtimeCapability.id })
}

function toAbsent({ id, title }: Capability<object>): MissingCapability {
  const reason = `the option \`without\` of memoryPlugin() leaves out ${title}`
  return { id, title, reason, remedy: 'remove it from `without` of memoryPlugin()' }
}

/** Lists the fields that the simulation does not support, then those of the option `unsupportedOptions`. */
function toUnsupportedOptions(
  fields: readonly OptionName[] = [],
  always: readonly UnsupportedOption[],
): readonly UnsupportedOption[] {
  const configured = fields.filter((field) => !always.some((unsupported) => unsupported.field === field))
  const reason = 'the option `unsupportedOptions` of memoryPlugin() lists it'
  const remedy = 'remove it from `unsupportedOptions` of memoryPlugin()'
  return [...always, ...configured.map((field) => ({ field, reason, remedy }))]
}

/** Compose projects are absent where no sweep would find their networks or volumes. */
function listAbsentCompose(without: readonly Capability<object>[]): readonly MissingCapability[] {
  const { id, title } = composeManagerCapability
  const needed = [networkManagerCapability, volumeManagerCapability].find((each) =>
    without.some((capability) => capability.id === each.id),
  )
  if (needed === undefined || without.some((each) => each.id === id)) return []
  const reason = `they need ${needed.title}, which the option \`without\` of memoryPlugin() leaves out`
  return [{ id, title, reason, remedy: `remove ${needed.title} from \`without\` of memoryPlugin()` }]
}

/** The capabilities that no simulation has. */
const notSimulated: readonly MissingCapability[] = [toMissing(buildServiceCapability, 'the simulation has no BuildKit')]

const noCluster: MissingCapability = {
  ...toMissing(swarmManagerCapability, 'the simulation has no cluster'),
  remedy: 'set `cluster` of memoryPlugin(), such as { nodes: 3 }',
}

function toMissing({ id, title }: Capability<object>, reason: string): MissingCapability {
  return { id, title, reason, remedy: undefined }
}

const alwaysUnsupported: readonly UnsupportedOption[] = [
  { field: 'ports.udp', reason: 'simulated programs support TCP only', remedy: undefined },
  { field: 'devices', reason: 'simulated programs have no devices', remedy: undefined },
  { field: 'gpus', reason: 'simulated programs have no devices', remedy: undefined },
  { field: 'ipcMode', reason: 'simulated programs have no namespaces of a kernel', remedy: undefined },
  { field: 'pidMode', reason: 'simulated programs have no namespaces of a kernel', remedy: undefined },
  { field: 'logDriver.options', reason: 'simulated log drivers have no options', remedy: undefined },
  { field: 'build.dns', reason: 'a simulated build has no network', remedy: undefined },
  { field: 'compose-manager.build', reason: 'the simulation of Compose builds no images', remedy: 'build them first' },
]

const unsupportedWithoutCluster: readonly UnsupportedOption[] = [
  { field: 'networks.cluster', reason: noCluster.reason, remedy: noCluster.remedy },
  ...unsupportedJobOptions,
]

const engineManagers: readonly Manager[] = [
  createManager(imageBuilderCapability, MemoryImageBuilder),
  createManager(firewallManagerCapability, MemoryFirewallManager),
  createManager(networkManagerCapability, MemoryNetworkManager),
  createManager(sidecarManagerCapability, MemorySidecarManager),
  createManager(execManagerCapability, MemoryExecManager),
  createManager(fileTransferCapability, MemoryFileTransfer),
  createManager(containerControlCapability, MemoryContainerControl),
  createManager(imageTransferCapability, MemoryImageTransfer),
  createManager(imageManagerCapability, MemoryImageManager),
  createManager(volumeManagerCapability, MemoryVolumeManager),
  createManager(containerStatsCapability, MemoryContainerStats),
  createManager(eventStreamCapability, MemoryEventStream),
  createManager(composeManagerCapability, MemoryComposeManager),
]

const containerJobs: Manager = {
  capability: jobManagerCapability,
  provide: (scope, { closedRuntime }, runtime) =>
    scope.provide(jobManagerCapability, new ContainerJobManager(runtime, closedRuntime)),
}

function createClusterManagers(cluster: Cluster): readonly Manager[] {
  return [
    {
      capability: jobManagerCapability,
      provide: (scope, context) => scope.provide(jobManagerCapability, new MemoryClusterJobManager(context, cluster)),
    },
    {
      capability: swarmManagerCapability,
      provide: (scope, context) => scope.provide(swarmManagerCapability, new MemorySwarmManager(context, cluster)),
    },
  ]
}

const probeResult = {
  available: true,
  version: '0.1.0',
  endpoint: 'in this process',
  location: 'this-machine',
  details: undefined,
  attempts: [],
  notes: [
    'simulated: containers run functions of this Node process; limits, privileges and security options are not enforced',
  ],
} as const
