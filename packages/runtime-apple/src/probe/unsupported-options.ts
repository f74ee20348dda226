import type { OptionName } from '@capstan/core'
import { type UnsupportedOption, unsupportedJobOptions } from '@capstan/core/plugin'
import { type Commands, hasOption } from './commands.js'

/** What decides which options the runtime does not support. */
export interface OptionInput {
  readonly commands: Commands
  /** The version of the command. */
  readonly version: string
  /** Why there is no terminal. `undefined` if there is one. */
  readonly noTerminal: UnsupportedOption | undefined
}

/** Lists the options that the command does not have or cannot honour, in the order of the report. */
export function listUnsupportedOptions({ commands, version, noTerminal }: OptionInput): readonly UnsupportedOption[] {
  const terminals = noTerminal === undefined ? [] : [noTerminal]
  return [...always, ...terminals, ...listByRelease(commands, version), ...unsupportedJobOptions]
}

function listByRelease(commands: Commands, version: string): readonly UnsupportedOption[] {
  const older = (option: string) => `this release of the command has no ${option}`
  const creates = (option: string) => hasOption(commands, 'create', option)
  const hasNetworkCommand = commands.has('network')
  // Without the command, the capability is absent, and its options are not listed.
  const networks = (option: string) => !hasNetworkCommand || hasOption(commands, 'network create', option)
  // `none` is a value of `--network`, which no help text lists, so the version decides.
  const supportsNetworkNone = !/^(0|1\.0)\./.test(version)
  const entries: readonly (readonly [boolean, OptionName, string, string])[] = [
    [creates('cap-add'), 'capAdd', older('--cap-add'), update],
    [creates('cap-add'), 'capDrop', older('--cap-drop'), update],
    [creates('ulimit'), 'ulimits', older('--ulimit'), update],
    [creates('init'), 'init', older('--init'), update],
    [creates('shm-size'), 'shmSizeBytes', older('--shm-size'), 'mount a tmpfs at /dev/shm'],
    [creates('read-only'), 'readOnlyRootFilesystem', older('--read-only'), update],
    [hasNetworkCommand, 'network', 'networks other than the default one need macOS 26', 'update macOS'],
    [!hasNetworkCommand || supportsNetworkNone, 'network.none', older('network "none"'), update],
    [commands.has('volume'), 'mounts.volume', 'this release of the command has no volumes', update],
    [networks('subnet'), 'networks.subnets', older('--subnet for networks'), update],
    [networks('subnet-v6'), 'networks.ipv6', older('--subnet-v6 for networks'), update],
    [hasOption(commands, 'build', 'dns'), 'build.dns', older('--dns for builds'), update],
  ]
  return entries.flatMap(([isSupported, field, reason, remedy]) => (isSupported ? [] : [{ field, reason, remedy }]))
}

const update = 'update the command'
const noOption = 'the command has no option for it'
const ownMachine = 'each container is a virtual machine of its own'

const always: readonly UnsupportedOption[] = [
  { field: 'networks.cluster', reason: 'the command runs containers on this machine only', remedy: undefined },
  { field: 'privileged', reason: `${noOption}: ${ownMachine}`, remedy: 'use capAdd' },
  { field: 'env.unset', reason: noOption, remedy: 'set the variable to an empty text, or build an image without it' },
  { field: 'exec.env.unset', reason: noOption, remedy: 'run `env -u NAME` in the container' },
  { field: 'securityOptions', reason: noOption, remedy: undefined },
  { field: 'groupAdd', reason: noOption, remedy: 'set the group with `user`, as user:group' },
  { field: 'hostname', reason: `${noOption}: the name is the host name`, remedy: 'use name' },
  { field: 'extraHosts', reason: noOption, remedy: 'use addresses' },
  { field: 'pidsLimit', reason: noOption, remedy: undefined },
  {
    field: 'build.contextLinks',
    reason: 'the command may follow such links on this machine',
    remedy: 'exclude the links by .dockerignore',
  },
  { field: 'cpus.fraction', reason: 'a virtual machine has whole CPUs', remedy: 'use a whole number' },
  { field: 'memoryBytes.small', reason: 'a virtual machine needs 200 MiB', remedy: 'set at least 200 MiB' },
  {
    field: 'mounts.tmpfs.noexec',
    reason: 'the command has no option that forbids running programs there',
    remedy: 'set `executable: true` if programs may run there',
  },
  { field: 'mounts.tmpfs.size', reason: 'the command reads sizes in whole MiB', remedy: 'use a whole number of MiB' },
  {
    field: 'mounts.volume.shared',
    reason: 'a volume is the disk of one virtual machine at a time',
    remedy: 'use a directory of the host, or exec',
  },
  {
    field: 'labels.equalsSign',
    reason: 'the command splits labels of containers at every equals sign, and rejects or loses the rest',
    remedy: 'encode the value without an equals sign',
  },
  { field: 'network.host', reason: ownMachine, remedy: 'use getHostAddress' },
  {
    field: 'network.aliases',
    reason: 'there is no name service in the guests',
    remedy: 'use the address of the inspection',
  },
  { field: 'network.ipAddress', reason: noOption, remedy: 'use the address of the inspection' },
  {
    field: 'networks.connect',
    reason: 'the command connects containers to networks only when it creates them',
    remedy: 'create the container with all of its networks',
  },
  { field: 'networks.gateway', reason: noOption, remedy: 'use the gateway that the command chooses' },
  {
    field: 'firewall.beforeStart',
    reason: 'rules are set inside the guest, once its process runs',
    remedy: 'let the process wait for a signal that is sent after the start, or use network "none"',
  },
  {
    field: 'commit',
    reason: 'the command cannot create an image from a container',
    remedy: 'build an image from a Dockerfile',
  },
  { field: 'network.container', reason: ownMachine, remedy: 'run both programs in one container, or publish a port' },
  { field: 'exposedPorts', reason: noOption, remedy: 'build an image with EXPOSE' },
  { field: 'mounts.bind.relabel', reason: 'macOS has no SELinux labels', remedy: 'omit it' },
  { field: 'devices', reason: `${noOption}: ${ownMachine}`, remedy: undefined },
  { field: 'gpus', reason: `${noOption}: ${ownMachine}`, remedy: undefined },
  {
    field: 'ociRuntime',
    reason:
      'its option --runtime names a plugin of the service that runs virtual machines, not an OCI runtime in the guest',
    remedy: undefined,
  },
  { field: 'ipcMode', reason: ownMachine, remedy: 'run both programs in one container' },
  { field: 'pidMode', reason: ownMachine, remedy: 'run both programs in one container' },
  { field: 'restartPolicy', reason: noOption, remedy: 'start the container again after waitContainer' },
  { field: 'healthcheck', reason: `${noOption}, and it does not run those of images`, remedy: 'run the check by exec' },
  { field: 'logDriver', reason: noOption, remedy: undefined },
  {
    field: 'files.stopped',
    reason: 'files are copied by programs in the container',
    remedy: 'start the container, or mount a directory',
  },
  { field: 'container-control.pause', reason: 'the command cannot pause a container', remedy: undefined },
  {
    field: 'container-control.rename',
    reason: 'the name is the id of a container',
    remedy: 'create another container',
  },
  {
    field: 'container-control.update',
    reason: 'a virtual machine keeps the limits with which it was created',
    remedy: 'create another container',
  },
  {
    field: 'container-control.autoRemove',
    reason: 'the service removes such a container when it stops',
    remedy: 'create it without autoRemove',
  },
  { field: 'logs.since', reason: 'the service keeps no times', remedy: undefined },
  { field: 'logs.timestamps', reason: 'the service keeps no times', remedy: undefined },
  { field: 'logs.split', reason: 'the service keeps one file for both outputs', remedy: 'use startAttached or exec' },
  {
    field: 'logs.binary',
    reason: 'the log of a container that another process started is read as text',
    remedy: 'use startAttached or exec',
  },
  {
    field: 'foreignContainers.output',
    reason: 'only the process that started the container receives its output',
    remedy: 'use exec',
  },
  {
    field: 'foreignContainers.exitCode',
    reason: 'the service keeps no exit codes: only the process that started the container knows it',
    remedy: 'wait in the process that started the container',
  },
]
