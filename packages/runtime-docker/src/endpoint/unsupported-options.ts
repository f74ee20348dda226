import type { ComposeSearch } from '@capstan/compose'
import {
  buildServiceCapability,
  composeManagerCapability,
  containerStatsCapability,
  firewallManagerCapability,
  type MissingCapability,
  swarmManagerCapability,
} from '@capstan/core'
import { type UnsupportedOption, unsupportedJobOptions } from '@capstan/core/plugin'
import { compareVersions } from '../engine/api-version.js'
import type { EngineFacts } from '../engine/docker-details.js'
import type { InfoAnswer } from '../engine/engine-facts.js'
import { unsupportedBuildOptions } from '../images/build-options.js'
import type { EngineFindings } from './ask-engine.js'
import { findNoCluster } from './find-no-cluster.js'

/** The capabilities that this engine does not have. */
export function toAbsentCapabilities(
  facts: EngineFacts,
  { compose, ...engine }: EngineFindings & { readonly compose: ComposeSearch },
): readonly MissingCapability[] {
  const reasons = [
    [firewallManagerCapability, facts.osType === 'windows' ? noLinuxContainers : undefined],
    [buildServiceCapability, findNoBuildKit(facts, engine)],
    [containerStatsCapability, facts.osType === 'windows' ? noLinuxContainers : undefined],
    [swarmManagerCapability, findNoCluster(engine.info, engine.product)],
    [composeManagerCapability, findNoCompose(facts, { compose, product: engine.product })],
  ] as const
  return reasons.flatMap(([{ id, title }, reason]) => (reason === undefined ? [] : [{ id, title, ...reason }]))
}

/** Why no Compose projects run on the engine; `undefined` where they do. */
function findNoCompose(
  facts: EngineFacts,
  { compose, product }: Pick<EngineFindings, 'product'> & { readonly compose: ComposeSearch },
) {
  if (compose.program !== undefined) {
    if (facts.osType === 'windows') return noLinuxContainers
    return product.findComposeProblem?.(facts, compose.program.version)
  }
  const { reason, remedy } = compose
  return { reason, remedy }
}

/** Why the engine does not serve the API of BuildKit; `undefined` where it does. The pinned API version has no effect. */
function findNoBuildKit(
  { osType, title, version }: EngineFacts,
  { api, product }: Pick<EngineFindings, 'api' | 'product'>,
): Pick<MissingCapability, 'reason' | 'remedy'> | undefined {
  if (osType === 'windows') return noLinuxContainers
  const remedy = 'use Docker 23 or later, or start BuildKit in a sidecar'
  if (product.buildKitApi === undefined) return { reason: `${title} has no BuildKit`, remedy }
  if (compareVersions(api.newest, product.buildKitApi) >= 0) return undefined
  return { reason: `${title} ${version} is older than 23, which introduced it`, remedy }
}

/** The unsupported options: by `/info`, by location, and `build.dns`. The `adjust` of a product may change this list. */
export function toUnsupportedOptions(
  facts: EngineFacts,
  { info, product }: Pick<EngineFindings, 'info' | 'product'>,
): readonly UnsupportedOption[] {
  return [
    ...toLimits(info),
    ...toNamespaces(facts),
    ...toHostNetwork(facts),
    ...toWindows(facts),
    ...toLogs(info),
    noTmpfsFiles,
    ...toRelabel(facts),
    ...unsupportedBuildOptions,
    ...(findNoCluster(info, product) === undefined ? [] : unsupportedJobOptions),
    ...toCluster(findNoCluster(info, product)),
  ]
}

/** The limits that the engine would drop with a warning. */
function toLimits({ MemoryLimit, CpuCfsQuota, PidsLimit, CgroupDriver }: InfoAnswer): readonly UnsupportedOption[] {
  const none = CgroupDriver === 'none'
  const reason = none ? 'the engine has no cgroup driver' : 'the engine reports that its kernel cannot enforce it'
  const remedy = none
    ? 'rootless engines need cgroup v2 and systemd for limits'
    : 'enable the cgroup controller on the machine of the engine'
  const limits = [
    ['memoryBytes', MemoryLimit],
    ['cpus', CpuCfsQuota],
    ['pidsLimit', PidsLimit],
  ] as const
  return limits.flatMap(([field, works]) => (none || works === false ? [{ field, reason, remedy }] : []))
}

function toNamespaces({ userNamespaces }: EngineFacts): readonly UnsupportedOption[] {
  if (!userNamespaces) return []
  const reason = 'the engine runs containers in user namespaces (userns-remap)'
  const remedy = 'use an engine without userns-remap'
  return [
    { field: 'privileged', reason, remedy },
    { field: 'network.host', reason, remedy },
  ]
}

function toHostNetwork({ rootless, location }: EngineFacts): readonly UnsupportedOption[] {
  const remedy = 'publish ports instead'
  if (location === 'virtual-machine') {
    return [{ field: 'network.host', reason: 'the network would be that of the virtual machine', remedy }]
  }
  const reason = "the network would be that of the rootless engine's namespace"
  return rootless ? [{ field: 'network.host', reason, remedy }] : []
}

function toWindows({ osType }: EngineFacts): readonly UnsupportedOption[] {
  if (osType !== 'windows') return []
  const fields = [
    'privileged',
    'capAdd',
    'capDrop',
    'groupAdd',
    'readOnlyRootFilesystem',
    'mounts.tmpfs',
    'ulimits',
    'pidsLimit',
    'init',
    'network.host',
    'network.container',
    'ipcMode',
    'pidMode',
    'shmSizeBytes',
    'gpus',
    'mounts.bind.relabel',
  ] as const
  return fields.map((field) => ({ field, ...noLinuxContainers }))
}

/** https://docs.docker.com/engine/logging/drivers/json-file/ stores each record as JSON text. */
function toLogs({ LoggingDriver }: InfoAnswer): readonly UnsupportedOption[] {
  if (LoggingDriver !== 'json-file') return []
  const reason = 'the log driver json-file stores text, so bytes that are not UTF-8 are replaced'
  const remedy = 'read the output by startAttached or attach, or set the log driver "local" on the engine'
  return [{ field: 'logs.binary', reason, remedy }]
}

/** https://docs.docker.com/reference/cli/docker/container/cp/ */
const noTmpfsFiles: UnsupportedOption = {
  field: 'files.tmpfs',
  reason: 'the engine does not see the files in a tmpfs of a container',
  remedy: 'use a volume, or copy by a program in the container',
}

function toCluster(missing: ReturnType<typeof findNoCluster>): readonly UnsupportedOption[] {
  return missing === undefined ? [] : [{ field: 'networks.cluster', ...missing }]
}

/** A source to relabel is sent in a form with which the engine creates a missing source, so it is checked before. */
function toRelabel({ location }: EngineFacts): readonly UnsupportedOption[] {
  if (location !== 'elsewhere') return []
  const reason = 'the engine creates a source that is missing, and whether it exists cannot be checked from here'
  return [
    {
      field: 'mounts.bind.relabel',
      reason,
      remedy: 'relabel it on the machine of the engine: chcon -t container_file_t',
    },
  ]
}

const noLinuxContainers = {
  reason: 'Windows containers do not support it',
  remedy: 'use an engine with Linux containers',
}
