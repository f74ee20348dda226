import { addGlobalOptions, type CommandLine, collect, toExamples } from './command-line.js'

/** `capstan exec` */
export function addExecCommand({ program, perform }: CommandLine): void {
  const command = program
    .command('exec')
    .summary('run a command in a running container')
    .description('Runs a further command in a running container, and ends with its exit code.')
    .argument('<container>', 'id, beginning of an id, or name')
    .argument('<command...>', 'command and arguments, handed on as they are')
    .helpOption('--help', 'show this help')
    .passThroughOptions()
    .option('-i, --interactive', 'pass stdin to the command')
    .option('-t, --tty', 'give it a terminal')
    .option('-e, --env <key[=value]>', 'environment; KEY alone takes the value from here (repeatable)', collect)
    .option('--env-file <file>', 'environment from a file of KEY=VALUE lines (repeatable)', collect)
    .option('-w, --workdir <path>', 'working directory in the container')
    .option('-u, --user <user[:group]>', 'user')
    .option('--privileged', 'all rights')
    .addHelpText(
      'after',
      toExamples({
        'capstan exec web ps': 'the processes of container "web"',
        'capstan exec -it web sh': 'a shell in it',
      }),
    )
  addGlobalOptions(command)
  perform<ExecCommandOptions>(command, async (call) => (await import('../actions/exec.js')).exec(call))
}

export interface ExecCommandOptions {
  readonly interactive?: boolean
  readonly tty?: boolean
  readonly env?: readonly string[]
  readonly envFile?: readonly string[]
  readonly workdir?: string
  readonly user?: string
  readonly privileged?: boolean
}
