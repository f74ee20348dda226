import {
  containerControlCapability,
  containerStatsCapability,
  execManagerCapability,
  fileTransferCapability,
  firewallManagerCapability,
  imageBuilderCapability,
  imageManagerCapability,
  imageTransferCapability,
  jobManagerCapability,
  networkManagerCapability,
  type RuntimePlugin,
  runtimeCapability,
  sidecarManagerCapability,
  volumeManagerCapability,
} from '@capstan/core'
import {
  ContainerJobManager,
  checkOneOf,
  type OptionKinds,
  type RegistrationScope,
  resolveTimeouts,
  validatePluginOptions,
} from '@capstan/core/plugin'
import { AppleContainerControl } from './apple-container-control.js'
import { AppleContainerStats } from './apple-container-stats.js'
import type { AppleDetails } from './apple-details.js'
import { AppleExecManager } from './apple-exec-manager.js'
import { AppleFileTransfer } from './apple-file-transfer.js'
import { AppleFirewallManager } from './apple-firewall-manager.js'
import { AppleImageBuilder } from './apple-image-builder.js'
import { AppleImageManager } from './apple-image-manager.js'
import { AppleImageTransfer } from './apple-image-transfer.js'
import { AppleNetworkManager } from './apple-network-manager.js'
import type { ApplePluginOptions } from './apple-plugin-options.js'
import { probeApple } from './apple-probe.js'
import { AppleRuntime } from './apple-runtime.js'
import { AppleRuntimeContext } from './apple-runtime-context.js'
import { AppleSidecarManager } from './apple-sidecar-manager.js'
import { defaultAppleTimeouts } from './apple-timeouts.js'
import { AppleVolumeManager } from './apple-volume-manager.js'

/**
 * Creates the plugin for Apple's `container` command on Macs with Apple silicon. On any other machine, the probe starts no
 * process.
 *
 * @throws HostError INVALID_ARGUMENT for an unknown or a bad option
 */
export function applePlugin(options: ApplePluginOptions = {}): RuntimePlugin<AppleDetails> {
  validatePluginOptions(options, optionKinds)
  if (options.system !== undefined) checkOneOf('system', options.system, ['require', 'start'])
  if (options.networks !== undefined) checkOneOf('networks', options.networks, ['off', 'if-available'])
  const timeouts = resolveTimeouts('timeouts', options.timeouts, defaultAppleTimeouts)
  return {
    name: 'apple',
    contractVersion: 1,
    packageName: '@capstan/runtime-apple',
    packageVersion: '0.1.0',
    // A busy machine is slow to start a process. A service that has to be started may download a kernel first.
    probeTimeoutMs: options.probeTimeoutMs ?? (options.system === 'start' ? startingMs : answerMs),
    isChosen: () => options.command !== undefined,
    probe: (probing) => probeApple(options, probing),
    register: (scope, details) => register(scope, new AppleRuntimeContext({ ...scope, details, timeouts })),
  }
}

const optionKinds: OptionKinds<ApplePluginOptions> = {
  command: 'text',
  platform: { os: 'text', arch: 'text' },
  system: 'text',
  probeTimeoutMs: 'timeout',
  networks: 'text',
  timeouts: 'object',
}

function register(scope: RegistrationScope, context: AppleRuntimeContext): void {
  const { details } = context
  const runtime = new AppleRuntime(context)
  scope.provide(runtimeCapability, runtime)
  scope.provide(imageBuilderCapability, new AppleImageBuilder(context))
  scope.provide(execManagerCapability, new AppleExecManager(context))
  scope.provide(fileTransferCapability, new AppleFileTransfer(context))
  scope.provide(containerControlCapability, new AppleContainerControl(context))
  scope.provide(imageTransferCapability, new AppleImageTransfer(context))
  scope.provide(imageManagerCapability, new AppleImageManager(context))
  scope.provide(jobManagerCapability, new ContainerJobManager(runtime, context.closedRuntime))
  if (details.hasFirewalls) scope.provide(firewallManagerCapability, new AppleFirewallManager(context))
  if (details.hasStats) scope.provide(containerStatsCapability, new AppleContainerStats(context))
  if (details.hasVolumes) scope.provide(volumeManagerCapability, new AppleVolumeManager(context))
  if (!details.hasNetworks) return
  scope.provide(networkManagerCapability, new AppleNetworkManager(context))
  scope.provide(sidecarManagerCapability, new AppleSidecarManager(context, runtime))
}

const answerMs = 30_000
const startingMs = 60_000
