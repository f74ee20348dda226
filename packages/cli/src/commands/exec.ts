import { addGlobalOptions, type CommandLine, collect, toExamples } from './command-line.js'

/** `capstan exec` */
export function addExecCommand({ program, perform }: CommandLine): void {
  const command = program
    .command('exec')
    .summary('Run a command in a running container')
    .description('Runs a command in a running container and exits with its exit code.')
    .argument('<container>', 'ID, prefix of an ID, or name')
    .argument('<command...>', 'Command and arguments, passed unchanged')
    .helpOption('--help', 'Show this help')
    .passThroughOptions()
    .option('-i, --interactive', 'Pass stdin to the command')
    .option('-t, --tty', 'Allocate a pseudo-TTY')
    .option(
      '-e, --env <key[=value]>',
      'Set an environment variable; KEY alone copies it from here, or removes that of the container (repeatable)',
      collect,
    )
    .option('--env-file <file>', 'Read environment variables from a file of KEY=VALUE lines (repeatable)', collect)
    .option('-w, --workdir <path>', 'Working directory inside the container')
    .option('-u, --user <user[:group]>', 'User and group to run the command as')
    .option('--privileged', 'Give extended privileges to the command')
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
