import { type Command, Option } from 'commander'
import { addGlobalOptions, type CommandLine, collect, toExamples } from './command-line.js'

/** `capstan run` */
export function addRunCommand({ program, perform }: CommandLine): void {
  const command = program
    .command('run')
    .summary('Run a command in a new container')
    .description(
      'Runs a command in a new container. Arguments after IMAGE are passed to the container unchanged. ' +
        'Exits with the exit code of the container.',
    )
    .argument('<image>', 'Reference or ID of the image; pulled when it is missing')
    .argument('[command...]', 'Command and arguments (default: those of the image)')
    .helpOption('--help', 'Show this help')
    .passThroughOptions()
  addOptions(command)
  command.addHelpText('after', toExamples(examples) + signals)
  addGlobalOptions(command)
  perform<RunOptions>(command, async (call) => (await import('../actions/run.js')).run(call))
}

/** The options as commander hands them over: texts as they were written. */
export interface RunOptions {
  readonly interactive?: boolean
  readonly tty?: boolean
  readonly detach?: boolean
  readonly rm?: boolean
  readonly env?: readonly string[]
  readonly envFile?: readonly string[]
  readonly volume?: readonly string[]
  readonly tmpfs?: readonly string[]
  readonly publish?: readonly string[]
  readonly workdir?: string
  readonly user?: string
  readonly groupAdd?: readonly string[]
  readonly name?: string
  readonly hostname?: string
  readonly entrypoint?: string
  readonly label?: readonly string[]
  readonly network?: readonly string[]
  readonly networkAlias?: readonly string[]
  readonly dns?: readonly string[]
  readonly addHost?: readonly string[]
  readonly memory?: string
  readonly cpus?: string
  readonly pidsLimit?: string
  readonly ulimit?: readonly string[]
  readonly readOnly?: boolean
  readonly privileged?: boolean
  readonly capAdd?: readonly string[]
  readonly capDrop?: readonly string[]
  readonly securityOpt?: readonly string[]
  readonly init?: boolean
  readonly stopSignal?: string
  readonly stopTimeout?: string
  readonly pull: 'missing' | 'never' | 'always'
  readonly platform?: string
  readonly buildkit?: boolean
}

function addOptions(command: Command): void {
  command
    .optionsGroup('Process:')
    .option('-i, --interactive', 'Pass stdin to the container')
    .option('-t, --tty', 'Allocate a pseudo-TTY')
    .option('-d, --detach', 'Run in the background and print the container ID')
    .option('--rm', 'Remove the container when it exits')
    .option('--init', 'Run an init process as PID 1')
    .option('--stop-signal <signal>', 'Signal that Ctrl-C and stop send first, such as SIGINT')
    .option('--stop-timeout <seconds>', 'Seconds that Ctrl-C waits before killing (default: 10)')
    .optionsGroup('Container:')
    .option('--name <name>', 'Container name')
    .option('-h, --hostname <name>', 'Container host name')
    .option(
      '-e, --env <key[=value]>',
      'Set an environment variable; KEY alone copies it from here, or removes that of the image (repeatable)',
      collect,
    )
    .option('--env-file <file>', 'Read environment variables from a file of KEY=VALUE lines (repeatable)', collect)
    .option('-w, --workdir <path>', 'Working directory inside the container')
    .option('-u, --user <user[:group]>', 'User and group to run as')
    .option('--group-add <group>', 'Add a supplementary group (repeatable)', collect)
    .option('--entrypoint <command>', "Replace the entrypoint of the image; '' for none")
    .option('-l, --label <key=value>', 'Set a label (repeatable)', collect)
    .addOption(
      new Option('--pull <when>', 'When to pull the image').choices(['missing', 'never', 'always']).default('missing'),
    )
    .option('--platform <os/arch>', 'Platform, such as linux/arm64')
    .optionsGroup('Files:')
    .option(
      '-v, --volume <source:target[:ro]>',
      'Mount an existing path, or a named volume, which is created where it is absent, and kept (repeatable)',
      collect,
    )
    .option('--tmpfs <target[:options]>', 'Mount a tmpfs, such as /run:size=64m (repeatable)', collect)
    .option('--read-only', "Mount the container's root filesystem read-only")
    .option('--buildkit', 'Give the container the socket of a shared BuildKit, and BUILDKIT_HOST')
    .optionsGroup('Network:')
    .option(
      '-p, --publish <[[address:]port:]port>',
      'Publish a port; without an address, on all IPv4 and IPv6 addresses (repeatable)',
      collect,
    )
    .option('--network <network>', 'Connect to a network: none, host, or a name or ID (repeatable)', collect)
    .option('--network-alias <name>', 'Name of the container on the network (repeatable)', collect)
    .option('--dns <address>', 'Set a DNS server (repeatable)', collect)
    .option('--add-host <name:address>', 'Add a host name; the address may be host-gateway (repeatable)', collect)
    .optionsGroup('Limits and privileges:')
    .option('-m, --memory <size>', 'Memory limit, such as 512m')
    .option('--cpus <number>', 'Number of CPUs, such as 1.5')
    .option('--pids-limit <number>', 'Maximum number of processes')
    .option('--ulimit <name=soft[:hard]>', 'Set a resource limit (repeatable)', collect)
    .option('--privileged', 'Give extended privileges: no isolation from this machine')
    .option('--cap-add <capability>', 'Add a Linux capability (repeatable)', collect)
    .option('--cap-drop <capability>', 'Drop a Linux capability (repeatable)', collect)
    .option('--security-opt <option>', 'Set a security option, such as seccomp=unconfined (repeatable)', collect)
}

const examples = {
  "capstan run --rm busybox sh -c 'exit 7'": 'ends with 7',
  'printf abc | capstan run --rm -i busybox wc -c': 'prints 3',
  'capstan run --rm -it busybox sh': 'a shell at this terminal',
  'capstan run -d --name web -p 127.0.0.1:8080:80 busybox httpd -f':
    'a server in the background, reachable from here alone',
}

const signals = `

Ctrl-C and SIGTERM stop the container, a second one kills it, a third exits at
once. Without --rm the container remains after it exits, for \`capstan logs\` and
\`capstan inspect\`, until \`capstan rm\`.

By npx write \`npx -- capstan run --env-file FILE\`: without that -- Node.js 20
reads the file itself.`
