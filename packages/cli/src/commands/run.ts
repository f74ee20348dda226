import {
  type Capability,
  type ContainerConfig,
  findCapability,
  imageTransferCapability,
  networkManagerCapability,
  type OperationOptions,
  type Runtime,
  type RuntimeScope,
  requireCapabilities,
  toReachableHost,
} from '@capstan/core'
import {
  defaultNetworkId,
  listUsedOptions,
  type NetworkJoin,
  validateContainerConfig,
  withUndoFailures,
} from '@capstan/core/plugin'
import { type Command, Option } from 'commander'
import { CliError } from '../errors/cli-error.js'
import type { Invocation } from '../host/invocation.js'
import { type OpenedRuntime, openRuntime } from '../host/open-host.js'
import { collect, toExamples } from '../options/command-definition.js'
import { detachKeysText, parseDetachKeys } from '../options/detach-keys.js'
import { type RunCommandOptions, toGraceMs, toRunConfig } from '../options/run-config.js'
import { createPullDisplay } from '../render/pull-display.js'
import { writeOutput, writeWarning } from '../render/write-output.js'
import { requireTerminal } from '../terminal/require-terminal.js'
import type { Call, SetAction } from './command.js'
import { type AttachedRunOptions, runAttached } from './run-attached.js'

/** Defines `capstan run`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description(
      'Runs a command in a new container. Arguments after IMAGE are passed to the container unchanged. ' +
        'Exits with the exit code of the container.',
    )
    .argument('<image>', 'Reference or ID of the image; pulled if it is missing')
    .argument('[command...]', 'Command and arguments (default: those of the image)')
    .helpOption('--help', 'Show this help')
    .passThroughOptions()
  command
    .optionsGroup('Process:')
    .option('-d, --detach', 'Run in the background and print the container ID')
    .option('--detach-keys <keys>', detachKeysText)
  addContainerOptions(command)
  command
    .optionsGroup('Files:')
    .option('--buildkit', 'Mount the socket of a shared BuildKit, and set BUILDKIT_HOST')
    .addHelpText('after', toExamples(examples) + notes)
  setAction<RunCommandOptions>(command, run)
}

/** Adds the options of a new container, which `run` and `create` have in common. */
export function addContainerOptions(command: Command): void {
  command
    .optionsGroup('Process:')
    .option('-i, --interactive', 'Pass stdin to the container')
    .option('-t, --tty', 'Allocate a pseudo-TTY')
    .option('--rm', 'Remove the container when it exits')
    .option('--init', 'Run an init process as PID 1')
    .option('--stop-signal <signal>', 'Set the signal that Ctrl-C and stop send first, such as SIGINT')
    .option('--restart <policy>', 'Restart after the exit: no, always, unless-stopped or on-failure[:RETRIES]')
    .option('--stop-timeout <seconds>', 'Set the seconds that Ctrl-C waits before it kills (default: 10)')
    .optionsGroup('Container:')
    .option('--name <name>', 'Assign a name to the container')
    .option('-h, --hostname <name>', 'Set the host name of the container')
    .option(
      '-e, --env <key[=value]>',
      'Set a variable; KEY alone copies it from this environment, or unsets that of the image (repeatable)',
      collect,
    )
    .option('--env-file <file>', 'Read environment variables from a file of KEY=VALUE lines (repeatable)', collect)
    .option('-w, --workdir <path>', 'Set the working directory in the container')
    .option('-u, --user <user[:group]>', 'Run as this user and group')
    .option('--group-add <group>', 'Add a supplementary group (repeatable)', collect)
    .option('--entrypoint <command>', "Replace the entrypoint of the image; '' for none")
    .option('-l, --label <key=value>', 'Set a label (repeatable)', collect)
    .addOption(
      new Option('--pull <when>', 'Set when to pull the image')
        .choices(['missing', 'never', 'always'])
        .default('missing'),
    )
    .option('--platform <os/arch>', 'Set the platform, such as linux/arm64')
    .optionsGroup('Health and logs:')
    .option('--health-cmd <command>', 'Check the health by this command, which the shell of the image runs')
    .option('--health-interval <duration>', 'Set the time between two checks, such as 10s (default: 30s)')
    .option('--health-timeout <duration>', 'Set the time limit of a check (default: 30s)')
    .option('--health-start-period <duration>', 'Set the time after the start in which failures do not count')
    .option('--health-retries <number>', 'Set after how many failures the container is unhealthy (default: 3)')
    .option('--no-healthcheck', 'Turn off the health check of the image')
    .option('--log-driver <driver>', 'Set where the engine stores the output, such as json-file or none')
    .option('--log-opt <key=value>', 'Set an option of the log driver (repeatable)', collect)
    .optionsGroup('Files:')
    .option(
      '-v, --volume <source:target[:ro|z|Z]>',
      'Mount an existing path or a volume; a missing volume is created and persists (repeatable)',
      collect,
    )
    .option('--tmpfs <target[:options]>', 'Mount a tmpfs, such as /run:size=64m (repeatable)', collect)
    .option('--read-only', "Mount the container's root filesystem read-only")
    .optionsGroup('Network:')
    .option(
      '-p, --publish <[[address:]port:]port>',
      'Publish a port; without an address, on all IPv4 and IPv6 addresses (repeatable)',
      collect,
    )
    .option('--expose <port[-port]>', 'Declare a port without publishing it (repeatable)', collect)
    .option(
      '--network <network>',
      'Connect to a network: none, host, default, container:NAME, or a name or ID (repeatable)',
      collect,
    )
    .option('--ip <address>', 'Set the IPv4 or IPv6 address in the network of --network')
    .option('--network-alias <name>', 'Add a name for the container on the network (repeatable)', collect)
    .option('--dns <address>', 'Set a DNS server (repeatable)', collect)
    .option('--add-host <name:address>', 'Add a host name; the address may be host-gateway (repeatable)', collect)
    .optionsGroup('Limits and privileges:')
    .option('-m, --memory <size>', 'Limit the memory, such as 512m')
    .option('--cpus <number>', 'Limit the number of CPUs, such as 1.5')
    .option('--pids-limit <number>', 'Limit the number of processes')
    .option('--shm-size <size>', 'Set the size of /dev/shm, such as 64m')
    .option('--ulimit <name=soft[:hard]>', 'Set a resource limit (repeatable)', collect)
    .option('--privileged', 'Give extended privileges: no isolation from this machine')
    .option('--cap-add <capability>', 'Add a Linux capability (repeatable)', collect)
    .option('--cap-drop <capability>', 'Drop a Linux capability (repeatable)', collect)
    .option('--security-opt <option>', 'Set a security option, such as seccomp=unconfined (repeatable)', collect)
    .option('--device <source[:target][:rwm]>', 'Add a device of the machine of the engine (repeatable)', collect)
    .option('--gpus <gpus>', 'Add GPUs: all, a number, or device=ID[,ID]')
    .option('--ipc <mode>', 'Set the IPC namespace: none, private, shareable, host or container:NAME')
    .option('--pid <mode>', 'Set the namespace of process IDs: host or container:NAME')
    .option('--oci-runtime <name>', 'Set the OCI runtime, such as runsc; --runtime of docker')
}

const examples = {
  "capstan run --rm busybox sh -c 'exit 7'": 'Run a command, and exit with its exit code, 7',
  'printf abc | capstan run --rm -i busybox wc -c': 'Pipe stdin to a container; prints 3',
  'capstan run --rm -it busybox sh': 'Open a shell in a new container',
  'capstan run -d --name web -p 127.0.0.1:8080:80 busybox httpd -f':
    'Run a server in the background, for this machine only',
}

const notes = `

Ctrl-C and SIGTERM stop the container, a second one kills it, a third ends the
wait for it and cleans up, a fourth exits at once. Without --rm the container
remains after it exits, for \`capstan logs\` and \`capstan inspect\`, until
\`capstan rm\`.

With npx, type \`npx -- capstan run --env-file FILE\`. Without \`--\`, Node.js 20
reads the file itself.`

async function run({ invocation, operands, options }: Call<RunCommandOptions>): Promise<number> {
  const [image = '', ...command] = operands
  const { interactive = false, tty = false, detach = false } = options
  const config = await toRunConfig({ image, command, options }, invocation.io)
  validateContainerConfig(config)
  const graceMs = toGraceMs(options)
  if (detach && options.buildkit)
    throw new CliError('--buildkit cannot be used with -d: BuildKit is shared only until the command exits')
  if (options.detachKeys && options.buildkit)
    throw new CliError('--buildkit cannot be used with --detach-keys: BuildKit is shared only until the command exits')
  const detachKeys = parseDetachKeys(options.buildkit ? '' : options.detachKeys)
  if (!detach) requireTerminal(invocation.io.stdin, { interactive, tty })
  const buildkit = options.buildkit ? await import('../buildkit/shared-buildkit.js') : undefined
  const requires = buildkit?.needs ?? []
  await using opened = await openForContainer({ config, options, requires }, invocation)
  const { runtime } = opened.scope
  // Disposed of after the container, which uses its socket, is removed.
  await using shared = await buildkit?.shareBuildKit(opened.scope, invocation)
  const id = await createFromOptions(opened.scope, shared?.connect(config) ?? config, { invocation, options })
  return detach
    ? await startDetached(runtime, id, invocation)
    : await startAttached(runtime, id, {
        ...invocation,
        ...{ interactive, tty, graceMs, detachKeys },
        remove: options.rm === true,
      })
}

/** What a new container needs of the runtime. */
interface ContainerNeeds {
  readonly config: ContainerConfig
  readonly options: RunCommandOptions
  /** Capabilities in addition to those of the configuration. Default: none. */
  readonly requires?: readonly Capability<object>[]
}

/** Opens a runtime that supports the options of a new container. */
export async function openForContainer(
  { config, options, requires = [] }: ContainerNeeds,
  invocation: Invocation,
): Promise<OpenedRuntime> {
  const opened = await openRuntime(invocation, {
    requires: [...toRequired(config, options), ...requires],
    requiredOptions: listUsedOptions(config),
  })
  warnOfLoopback(config, opened.scope.runtime, invocation)
  return opened
}

/** Writes a warning for ports that are published on a loopback address of another machine. */
function warnOfLoopback({ ports = [] }: ContainerConfig, { portHost }: Runtime, { io }: Invocation): void {
  for (const { hostAddress = '127.0.0.1', containerPort } of portHost === undefined ? [] : ports) {
    if (toReachableHost({ hostAddress }, { portHost }) !== undefined) continue
    writeWarning(io.stderr, `port ${containerPort} is published on ${hostAddress} of ${portHost}, not of this machine`)
  }
}

/** Creates the container, after a pull if an option requests one. */
export async function createFromOptions(
  scope: RuntimeScope,
  config: ContainerConfig,
  { invocation, options }: { readonly invocation: Invocation; readonly options: RunCommandOptions },
): Promise<string> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  using display = createPullDisplay(io.stderr, config.image)
  const { onProgress } = display
  if (options.pull === 'always') {
    const { images } = requireCapabilities(scope, { images: imageTransferCapability })
    const { platform } = config
    await images.pullImage(config.image, { signal, onProgress, ...(platform && { platform }) })
  }
  return await scope.runtime.createContainer(await withNetworkIds(scope, config, { signal }), { signal, onProgress })
}

async function startDetached(runtime: Runtime, id: string, { io, interrupts }: Invocation): Promise<number> {
  try {
    await runtime.startContainer(id, interrupts)
  } catch (error) {
    // The container has not run, so it contains no output to keep.
    throw await removeAfter(runtime, id, error)
  }
  await writeOutput(io.stdout, `${id}\n`)
  return 0
}

type Attached = AttachedRunOptions & { readonly remove: boolean }

async function startAttached(runtime: Runtime, id: string, options: Attached): Promise<number> {
  try {
    const code = await runAttached(runtime, id, options)
    if (code === 'detached') return 0
    if (options.remove) await runtime.removeContainer(id)
    return code
  } catch (error) {
    throw options.remove || !(await hasRun(runtime, id)) ? await removeAfter(runtime, id, error) : error
  }
}

/** Removes the container, and returns the error with the failure of the removal, if any. */
async function removeAfter(runtime: Runtime, id: string, error: unknown): Promise<unknown> {
  try {
    await runtime.removeContainer(id)
    return error
  } catch (failure) {
    return withUndoFailures(error, [failure])
  }
}

/** Whether the container may have run, and its output and files may be needed. */
async function hasRun(runtime: Runtime, id: string): Promise<boolean> {
  return await runtime.containerState(id).then(
    (state) => state !== 'created',
    () => true,
  )
}

function toRequired({ network }: ContainerConfig, { pull }: RunCommandOptions): readonly Capability<object>[] {
  return [
    ...(network?.mode === 'networks' ? [networkManagerCapability] : []),
    ...(pull === 'always' ? [imageTransferCapability] : []),
  ]
}

/** Replaces the names of networks by their IDs. An unknown name is left unchanged, and the runtime rejects it. */
async function withNetworkIds(
  scope: RuntimeScope,
  config: ContainerConfig,
  options: OperationOptions,
): Promise<ContainerConfig> {
  const manager = findCapability(scope, networkManagerCapability)
  if (config.network?.mode !== 'networks' || manager === undefined) return config
  const known = await manager.listNetworks(options)
  const toId = (join: NetworkJoin): NetworkJoin => {
    if (join.networkId === defaultNetworkId) return join
    const found = known.find(({ id, name }) => name === join.networkId || id === join.networkId)
    return { ...join, networkId: found?.id ?? join.networkId }
  }
  const [first, ...others] = config.network.networks
  return { ...config, network: { mode: 'networks', networks: [toId(first), ...others.map(toId)] } }
}
