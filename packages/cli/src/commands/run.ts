import { type Command, Option } from 'commander'
import { addGlobalOptions, type CommandLine, collect, toExamples } from './command-line.js'

/** `capstan run` */
export function addRunCommand({ program, perform }: CommandLine): void {
  const command = program
    .command('run')
    .summary('run a command in a new container')
    .description(
      'Runs a command in a new container. What stands after IMAGE is handed on as it is, options too. ' +
        'Ends with the exit code of the container.',
    )
    .argument('<image>', 'reference or id of the image; pulled when it is missing')
    .argument('[command...]', 'command and arguments; default: those of the image')
    .helpOption('--help', 'show this help')
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
    .optionsGroup('How it runs:')
    .option('-i, --interactive', 'pass stdin to the container')
    .option('-t, --tty', 'give it a terminal')
    .option('-d, --detach', 'leave it running, print its id')
    .option('--rm', 'remove it when it has ended, however that comes')
    .option('--init', 'run an init as process 1')
    .option('--stop-signal <signal>', 'what Ctrl-C and stop send first, such as SIGINT')
    .option('--stop-timeout <seconds>', 'how long Ctrl-C waits before it kills (default: 10)')
    .optionsGroup('What it is:')
    .option('--name <name>', 'its name')
    .option('-h, --hostname <name>', 'its host name')
    .option('-e, --env <key[=value]>', 'environment; KEY alone takes the value from here (repeatable)', collect)
    .option('--env-file <file>', 'environment from a file of KEY=VALUE lines (repeatable)', collect)
    .option('-w, --workdir <path>', 'working directory in the container')
    .option('-u, --user <user[:group]>', 'user')
    .option('--group-add <group>', 'further group (repeatable)', collect)
    .option('--entrypoint <command>', "instead of the image's entrypoint; '' for none")
    .option('-l, --label <key=value>', 'label (repeatable)', collect)
    .addOption(
      new Option('--pull <when>', 'when to pull the image').choices(['missing', 'never', 'always']).default('missing'),
    )
    .option('--platform <os/arch>', 'platform, such as linux/arm64')
    .optionsGroup('Files:')
    .option('-v, --volume <source:target[:ro]>', 'mount a path (it must exist) or a named volume (repeatable)', collect)
    .option('--tmpfs <target[:options]>', 'mount memory, such as /run:size=64m (repeatable)', collect)
    .option('--read-only', 'nothing of the image can be written')
    .option('--buildkit', 'share a BuildKit with it for as long as it runs: its socket, and BUILDKIT_HOST')
    .optionsGroup('Network:')
    .option(
      '-p, --publish <[[address:]port:]port>',
      'publish a port; without an address on all of them (repeatable)',
      collect,
    )
    .option('--network <network>', 'none, host, or a network by name or id (repeatable)', collect)
    .option('--network-alias <name>', 'name for the peers of the network (repeatable)', collect)
    .option('--dns <address>', 'name server (repeatable)', collect)
    .option('--add-host <name:address>', 'host name; the address may be host-gateway (repeatable)', collect)
    .optionsGroup('Limits and rights:')
    .option('-m, --memory <size>', 'memory, such as 512m')
    .option('--cpus <number>', 'processors, such as 1.5')
    .option('--pids-limit <number>', 'processes')
    .option('--ulimit <name=soft[:hard]>', 'resource limit (repeatable)', collect)
    .option('--privileged', 'all rights: no barrier to this machine is left')
    .option('--cap-add <capability>', 'add a Linux capability (repeatable)', collect)
    .option('--cap-drop <capability>', 'take one away (repeatable)', collect)
    .option('--security-opt <option>', 'such as seccomp=unconfined (repeatable)', collect)
}

const examples = {
  "capstan run --rm busybox sh -c 'exit 7'": 'ends with 7',
  'printf abc | capstan run --rm -i busybox wc -c': 'prints 3',
  'capstan run --rm -it busybox sh': 'a shell at this terminal',
  'capstan run -d --name web -p 127.0.0.1:8080:80 busybox httpd -f':
    'a server in the background, reachable from here alone',
}

const signals = `

Ctrl-C and SIGTERM stop the container politely, a second one kills it, a third
leaves at once. Without --rm a container that has ended stays, for
\`capstan logs\` and \`capstan inspect\`, until \`capstan rm\`.`
