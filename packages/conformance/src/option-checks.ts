import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type BuildOptions,
  type ContainerConfig,
  type ContainerControl,
  type CreateNetworkOptions,
  composeManagerCapability,
  containerControlCapability,
  eventStreamCapability,
  execManagerCapability,
  fileTransferCapability,
  findCapability,
  imageBuilderCapability,
  imageManagerCapability,
  type JobConfig,
  jobManagerCapability,
  type LogOptions,
  networkManagerCapability,
  type OptionName,
} from '@capstan/core'
import type { BuiltInOption, EventKind } from '@capstan/core/plugin'
import { expect } from './assert/expect.js'
import { expectHostError } from './assert/expect-rejection.js'
import type { CaseContext } from './case-context.js'
import { toArchive } from './steps/archives.js'
import { collectBytes } from './steps/collect.js'
import { createContainer, startContainer } from './steps/containers.js'
import { createDirectory } from './steps/directories.js'
import { readLogs } from './steps/logs.js'

/**
 * For each built-in option except {@link UncheckedOption}, a check that its use rejects with OPTION_UNSUPPORTED and its name;
 * for `foreignContainers.output`, with NOT_ATTACHABLE. A check does nothing when the runtime lacks the capability.
 */
export const optionChecks: Readonly<Record<CheckedOption, OptionCheck>> = {
  ...rejectsConfigs({
    name: { name: 'conformance-unsupported' },
    platform: { platform: 'linux/amd64' },
    pull: { pull: 'never' },
    command: { command: ['true'] },
    entrypoint: { entrypoint: ['true'] },
    workingDirectory: { workingDirectory: '/tmp' },
    env: { env: { CONFORMANCE: 'unsupported' } },
    'env.unset': { env: { CONFORMANCE: null } },
    user: { user: '0' },
    groupAdd: { groupAdd: ['10'] },
    hostname: { hostname: 'conformance' },
    mounts: { mounts: [{ type: 'tmpfs', target: '/conformance' }] },
    'mounts.bind': { mounts: [{ type: 'bind', source: '/tmp', target: '/conformance' }] },
    'mounts.bind.relabel': {
      mounts: [{ type: 'bind', source: '/tmp', target: '/conformance', relabel: 'shared' }],
    },
    'mounts.volume': { mounts: [{ type: 'volume', source: 'conformance-unsupported', target: '/conformance' }] },
    'mounts.tmpfs.noexec': { mounts: [{ type: 'tmpfs', target: '/conformance' }] },
    'mounts.tmpfs.size': { mounts: [{ type: 'tmpfs', target: '/conformance', executable: true, sizeBytes: 65_536 }] },
    'mounts.tmpfs': { mounts: [{ type: 'tmpfs', target: '/conformance' }] },
    readOnlyRootFilesystem: { readOnlyRootFilesystem: true },
    network: { network: { mode: 'none' } },
    'network.host': { network: { mode: 'host' } },
    'network.none': { network: { mode: 'none' } },
    'network.container': { network: { mode: 'container', id: 'conformance-1' } },
    'network.several': toNetworks({ networkId: 'conformance-1' }, { networkId: 'conformance-2' }),
    'network.aliases': toNetworks({ networkId: 'conformance-1', aliases: ['unsupported'] }),
    'network.ipAddress': toNetworks({ networkId: 'conformance-1', ipAddress: '10.0.0.2' }),
    ports: { ports: [{ containerPort: 80 }] },
    'ports.hostPort': { ports: [{ containerPort: 80, hostPort: 1 }] },
    'ports.udp': { ports: [{ containerPort: 80, protocol: 'udp' }] },
    'ports.ipv6': { ports: [{ containerPort: 80, hostAddress: '::1' }] },
    exposedPorts: { exposedPorts: [{ containerPort: 80 }] },
    dns: { dns: ['127.0.0.1'] },
    extraHosts: { extraHosts: { 'conformance.example': '127.0.0.1' } },
    privileged: { privileged: true },
    capAdd: { capAdd: ['NET_ADMIN'] },
    capDrop: { capDrop: ['CHOWN'] },
    securityOptions: { securityOptions: ['no-new-privileges'] },
    devices: { devices: [{ source: '/dev/null' }] },
    gpus: { gpus: 'all' },
    ociRuntime: { ociRuntime: 'conformance' },
    ipcMode: { ipcMode: 'private' },
    pidMode: { pidMode: 'host' },
    interactive: { interactive: true },
    tty: { tty: true },
    labels: { labels: { conformance: 'unsupported' } },
    'labels.equalsSign': { labels: { conformance: 'unsupported=' } },
    memoryBytes: { memoryBytes: 64 * 1024 * 1024 },
    cpus: { cpus: 0.5 },
    'cpus.fraction': { cpus: 0.5 },
    'memoryBytes.small': { memoryBytes: 64 * 1024 * 1024 },
    shmSizeBytes: { shmSizeBytes: 32 * 1024 * 1024 },
    pidsLimit: { pidsLimit: 100 },
    ulimits: { ulimits: [{ name: 'nofile', soft: 512, hard: 512 }] },
    init: { init: true },
    autoRemove: { autoRemove: true },
    restartPolicy: { restartPolicy: { name: 'on-failure' } },
    healthcheck: { healthcheck: { command: ['true'] } },
    logDriver: { logDriver: { name: 'none' } },
    'logDriver.options': { logDriver: { name: 'json-file', options: { conformance: 'unsupported' } } },
    stopSignal: { stopSignal: 'SIGINT' },
  }),
  'exec.env.unset': async (context, field) => {
    const id = await startContainer(context, { command: context.programs.sleep(60) })
    const execs = findCapability(context.scope, execManagerCapability)
    const command = context.programs.exit(0)
    if (execs !== undefined) {
      await expectUnsupported(field, () => execs.exec(id, command, { env: { CONFORMANCE: null } }))
    }
    await context.runtime.removeContainer(id)
  },
  'files.stopped': async (context, field) => {
    const id = await createContainer(context, { command: context.programs.exit(0) })
    const files = findCapability(context.scope, fileTransferCapability)
    if (files !== undefined) await expectUnsupported(field, () => files.getArchive(id, '/etc'))
    await context.runtime.removeContainer(id)
  },
  'files.tmpfs': async (context, field) => {
    const mounts = [{ type: 'tmpfs', target: '/conformance', executable: true }] as const
    const id = await startContainer(context, { mounts, command: context.programs.sleep(60) })
    const files = findCapability(context.scope, fileTransferCapability)
    if (files !== undefined) {
      await expectUnsupported(field, () => files.getArchive(id, '/conformance'))
      await expectUnsupported(field, () => files.putArchive(id, '/conformance/below', toArchive({ name: 'file' })))
    }
    await context.runtime.removeContainer(id)
  },
  'container-control.pause': rejectsControl((control, id) => control.pauseContainer(id)),
  'container-control.rename': rejectsControl((control, id) => control.renameContainer(id, 'conformance-unsupported')),
  'container-control.update': rejectsControl((control, id) => control.updateContainer(id, { pidsLimit: 100 })),
  'container-control.top': rejectsControl((control, id) => control.listProcesses(id)),
  'container-control.autoRemove': async (context, field) => {
    const control = findCapability(context.scope, containerControlCapability)
    if (control === undefined) return
    const id = await startContainer(context, { autoRemove: true, command: context.programs.sleep(60) })
    await expectUnsupported(field, () => control.restartContainer(id))
    await context.runtime.removeContainer(id)
  },
  'logs.since': rejectsLogs({ since: new Date(0) }),
  'logs.timestamps': rejectsLogs({ timestamps: true }),
  'logs.split': rejectsLogs({ stderr: false }),
  'foreignContainers.output': async (context) => {
    const { id, other } = await startForOther(context)
    const { stream } = collectBytes()
    await expectHostError('NOT_ATTACHABLE', () => other.attach(id, { stdout: stream, signal: context.signal }))
    await context.runtime.removeContainer(id)
  },
  'foreignContainers.exitCode': async (context, field) => {
    const { id, other } = await startForOther(context)
    await expectUnsupported(field, () => other.waitContainer(id, { signal: context.signal }))
    await context.runtime.removeContainer(id)
  },
  'tty.resize': async (context, field) => {
    const id = await createContainer(context, { tty: true, command: context.programs.exit(0) })
    await expectUnsupported(field, () => context.runtime.resizeTTY(id, { height: 24, width: 80 }))
    await context.runtime.removeContainer(id)
  },
  commit: async (context, field) => {
    const manager = findCapability(context.scope, imageManagerCapability)
    if (manager === undefined) return
    const id = await createContainer(context, { command: context.programs.exit(0) })
    await expectUnsupported(field, () => manager.commitContainer(id, { signal: context.signal }))
    await context.runtime.removeContainer(id)
  },
  'networks.connect': async ({ scope, signal }, field) => {
    const networks = findCapability(scope, networkManagerCapability)
    if (networks === undefined) return
    for (const method of ['connectContainer', 'disconnectContainer'] as const) {
      await expectUnsupported(field, () => networks[method]('conformance-1', 'conformance-2', { signal }))
    }
  },
  'networks.subnets': rejectsNetwork({ subnets: [{ cidr: '10.231.0.0/24' }] }),
  'networks.gateway': rejectsNetwork({ subnets: [{ cidr: '10.231.0.0/24', gateway: '10.231.0.9' }] }),
  'networks.ipv6': rejectsNetwork({ ipv6: true }),
  'networks.cluster': rejectsNetwork({ scope: 'cluster' }),
  'build.platform': rejectsBuild({ platform: 'linux/amd64' }),
  'build.dns': rejectsBuild({ dns: ['127.0.0.1'] }),
  'build.contextLinks': async (context, field) => {
    const directory = await createDirectory(context)
    await symlink('/etc/passwd', join(directory, 'link'))
    await rejectsBuild({ context: { directory } })(context, field)
  },
  'compose-manager.build': async ({ scope, signal }, field) => {
    const compose = findCapability(scope, composeManagerCapability)
    const source = { name: 'conformance-unsupported', content: JSON.stringify({ services: { app: { image: 'x' } } }) }
    if (compose !== undefined) await expectUnsupported(field, () => compose.up(source, { build: true, signal }))
  },
  'event.images': rejectsEvents('image'),
  'event.networks': rejectsEvents('network'),
  'event.volumes': rejectsEvents('volume'),
  'job-manager.constraints': rejectsJob({ constraints: ['node.role==manager'] }),
  'job-manager.secrets': rejectsJob({ secrets: [{ secretId: 'conformance', target: '/run/secrets/conformance' }] }),
  'job-manager.configs': rejectsJob({ configs: [{ configId: 'conformance', target: '/etc/conformance' }] }),
}

/** Names of behaviour that no option of a call requests, so no call can reject because of them. */
export type UncheckedOption =
  | 'logs.binary'
  | 'mounts.volume.shared'
  | 'firewall.beforeStart'
  | 'files.owners'
  | 'event.health'

type CheckedOption = Exclude<BuiltInOption, UncheckedOption>

/** Returns whether {@link optionChecks} has a check of the option. */
export function hasCheck(field: OptionName): field is CheckedOption {
  return field in optionChecks
}

/** Uses the option and fails unless the call rejects as documented. */
export type OptionCheck = (context: CaseContext, field: OptionName) => Promise<void>

function rejectsConfigs<F extends CheckedOption>(
  configs: Readonly<Record<F, Omit<ContainerConfig, 'image'>>>,
): Readonly<Record<F, OptionCheck>> {
  const entries = Object.entries<Omit<ContainerConfig, 'image'>>(configs)
  // `Object.fromEntries` loses the type of the keys, which are those of `configs`.
  return Object.fromEntries(entries.map(([field, config]) => [field, rejectsConfig(config)])) as Record<F, OptionCheck>
}

function rejectsConfig(config: Omit<ContainerConfig, 'image'>): OptionCheck {
  return async ({ runtime, image, signal }, field) => {
    await expectUnsupported(field, () => runtime.createContainer({ image, ...config }, { signal }))
  }
}

function rejectsControl(call: (control: ContainerControl, id: string) => Promise<unknown>): OptionCheck {
  return async (context, field) => {
    const control = findCapability(context.scope, containerControlCapability)
    if (control === undefined) return
    const id = await createContainer(context, { command: context.programs.exit(0) })
    await expectUnsupported(field, () => call(control, id))
    await context.runtime.removeContainer(id)
  }
}

function rejectsJob(config: Omit<JobConfig, 'image'>): OptionCheck {
  return async ({ scope, image, signal }, field) => {
    const jobs = findCapability(scope, jobManagerCapability)
    if (jobs !== undefined) await expectUnsupported(field, () => jobs.runJob({ image, ...config }, { signal }))
  }
}

function toNetworks(
  ...networks: Extract<ContainerConfig['network'], { mode: 'networks' }>['networks']
): Omit<ContainerConfig, 'image'> {
  return { network: { mode: 'networks', networks } }
}

function rejectsLogs(options: LogOptions): OptionCheck {
  return async (context, field) => {
    const { programs, runtime, signal } = context
    const id = await startContainer(context, { command: programs.echo('logged') })
    // Like other errors of opening a log, the rejection may come from the call or from the stream.
    const read = async () => await readLogs(await runtime.containerLogs(id, { ...options, signal }))
    await expectUnsupported(field, read)
    await runtime.removeContainer(id)
  }
}

function rejectsNetwork(options: CreateNetworkOptions): OptionCheck {
  return async ({ scope, signal, uniqueName }, field) => {
    const networks = findCapability(scope, networkManagerCapability)
    if (networks === undefined) return
    await expectUnsupported(field, () => networks.createNetwork(uniqueName('unsupported'), { ...options, signal }))
  }
}

function rejectsBuild(options: Pick<BuildOptions, 'platform' | 'dns' | 'context'>): OptionCheck {
  return async ({ scope, runtime, image, signal, uniqueName }, field) => {
    const builder = findCapability(scope, imageBuilderCapability)
    if (builder === undefined) return
    const tag = `${uniqueName('unsupported')}:1`
    await expectUnsupported(field, () => builder.buildImage(`FROM ${image}\n`, tag, { ...options, signal }))
    expect(!(await runtime.imageExists(tag)), 'no image to be built', tag)
  }
}

function rejectsEvents(kind: EventKind): OptionCheck {
  return async ({ scope, signal }, field) => {
    const events = findCapability(scope, eventStreamCapability)
    if (events !== undefined) await expectUnsupported(field, () => events.events({ kinds: [kind], signal }))
  }
}

async function startForOther(context: CaseContext) {
  const id = await startContainer(context, { command: context.programs.sleep(60) })
  const { runtime } = await context.open()
  return { id, other: runtime }
}

async function expectUnsupported(field: OptionName, call: () => PromiseLike<unknown>): Promise<void> {
  await expectHostError('OPTION_UNSUPPORTED', call, { field })
}
