import {
  type Capability,
  execManagerCapability,
  firewallManagerCapability,
  imageBuilderCapability,
  imageTransferCapability,
  type MissingCapability,
  networkManagerCapability,
  type OptionName,
  type RuntimePlugin,
  runtimeCapability,
  sidecarManagerCapability,
  volumeManagerCapability,
} from '@capstan/core'
import {
  createHostError,
  type RegistrationScope,
  type UnsupportedOption,
  withUnlistedVolumes,
} from '@capstan/core/plugin'
import { createEngine } from './create-engine.js'
import { MemoryExecManager } from './memory-exec-manager.js'
import { MemoryFirewallManager } from './memory-firewall-manager.js'
import { MemoryImageBuilder } from './memory-image-builder.js'
import { MemoryImageTransfer } from './memory-image-transfer.js'
import { MemoryNetworkManager } from './memory-network-manager.js'
import type { MemoryPluginOptions } from './memory-plugin-options.js'
import { MemoryRuntime } from './memory-runtime.js'
import { MemoryRuntimeContext } from './memory-runtime-context.js'
import { MemorySidecarManager } from './memory-sidecar-manager.js'
import { MemoryVolumeManager } from './memory-volume-manager.js'

/**
 * Creates a plugin for a runtime that is simulated in this process. It has every capability except those of `without`.
 *
 * The host opens it only by name. Its state belongs to the returned value: closing a runtime keeps containers,
 * networks, volumes and images, and opening the same plugin again finds them.
 *
 * @throws HostError INVALID_ARGUMENT when `without` contains the runtime itself
 */
export function memoryPlugin(options: MemoryPluginOptions = {}): RuntimePlugin {
  const { name = 'memory', without = [] } = options
  checkWithout(without)
  const absent = without.map(toAbsent)
  const unsupportedOptions = withUnlistedVolumes(toUnsupportedOptions(options.unsupportedOptions), absent)
  const engine = createEngine(options)
  const isOmitted = ({ id }: Capability<object>) => without.some((capability) => capability.id === id)
  const provides = capabilities.filter((capability) => !isOmitted(capability))
  return {
    name,
    contractVersion: 1,
    packageName: '@capstan/runtime-memory',
    packageVersion: '0.1.0',
    selection: 'named',
    probe: async ({ signal }) => {
      signal?.throwIfAborted()
      return { ...available, provides, absent, unsupportedOptions }
    },
    register: (scope) => {
      register(scope, new MemoryRuntimeContext({ ...scope, engine, unsupportedOptions }), isOmitted)
    },
  }
}

function register(
  scope: RegistrationScope,
  context: MemoryRuntimeContext,
  isOmitted: (capability: Capability<object>) => boolean,
): void {
  const runtime = new MemoryRuntime(context)
  const provideUnlessOmitted = <T extends object>(capability: Capability<T>, create: () => NoInfer<T>) => {
    if (!isOmitted(capability)) scope.provide(capability, create())
  }
  scope.provide(runtimeCapability, runtime)
  provideUnlessOmitted(imageBuilderCapability, () => new MemoryImageBuilder(context))
  provideUnlessOmitted(firewallManagerCapability, () => new MemoryFirewallManager(context))
  provideUnlessOmitted(networkManagerCapability, () => new MemoryNetworkManager(context))
  provideUnlessOmitted(sidecarManagerCapability, () => new MemorySidecarManager(context, runtime))
  provideUnlessOmitted(execManagerCapability, () => new MemoryExecManager(context))
  provideUnlessOmitted(volumeManagerCapability, () => new MemoryVolumeManager(context))
  provideUnlessOmitted(imageTransferCapability, () => new MemoryImageTransfer(context))
}

function checkWithout(without: readonly Capability<object>[]): void {
  if (without.every(({ id }) => id !== runtimeCapability.id)) return
  const expected = 'capabilities other than the runtime, which every plugin provides'
  throw createHostError('INVALID_ARGUMENT', { field: 'without', expected, given: runtimeCapability.id })
}

function toAbsent({ id, title }: Capability<object>): MissingCapability {
  const reason = `the option \`without\` of memoryPlugin() leaves out ${title}`
  return { id, title, reason, remedy: 'remove it from `without` of memoryPlugin()' }
}

/** Lists the fields that no simulation supports, then those of the option `unsupportedOptions`. */
function toUnsupportedOptions(fields: readonly OptionName[] = []): readonly UnsupportedOption[] {
  const configured = fields.filter((field) => !alwaysUnsupported.some((refused) => refused.field === field))
  return [...alwaysUnsupported, ...configured.map(toRefusedByOption)]
}

function toRefusedByOption(field: OptionName): UnsupportedOption {
  const remedy = 'remove it from `unsupportedOptions` of memoryPlugin()'
  return { field, reason: 'the option `unsupportedOptions` of memoryPlugin() lists it', remedy }
}

const alwaysUnsupported: readonly UnsupportedOption[] = [
  { field: 'ports.udp', reason: 'simulated programs support TCP only', remedy: undefined },
  { field: 'build.dns', reason: 'a simulated build has no network', remedy: undefined },
]

const capabilities: readonly Capability<object>[] = [
  runtimeCapability,
  imageBuilderCapability,
  firewallManagerCapability,
  networkManagerCapability,
  sidecarManagerCapability,
  execManagerCapability,
  imageTransferCapability,
  volumeManagerCapability,
]

const available = {
  available: true,
  version: '0.1.0',
  endpoint: 'in this process',
  details: undefined,
  attempts: [],
  notes: ['simulated: images are programs of this process; limits, privileges and security options are not enforced'],
} as const
