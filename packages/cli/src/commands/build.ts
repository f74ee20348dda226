import { Option } from 'commander'
import { addGlobalOptions, type CommandLine, collect, toExamples } from './command-line.js'

/** `capstan build` */
export function addBuildCommand({ program, perform }: CommandLine): void {
  const command = program
    .command('build')
    .summary('build an image from a Dockerfile')
    .description('Builds an image from a Dockerfile and a directory, and prints its tags. Progress goes to stderr.')
    .argument('[path]', 'directory that COPY takes from; its .dockerignore is honoured', '.')
    .requiredOption('-t, --tag <reference>', 'name of the image (repeatable)', collect)
    .option('-f, --file <file>', "the Dockerfile, '-' for stdin (default: PATH/Dockerfile)")
    .option('--build-arg <key[=value]>', 'value of an ARG; KEY alone takes it from here (repeatable)', collect)
    .option('--target <stage>', 'stage to stop at')
    .option('--label <key=value>', 'label (repeatable)', collect)
    .option('--platform <os/arch>', 'platform, such as linux/arm64')
    .option('--no-cache', 'run every step again')
    .option('--pull', 'look for a newer base image')
    .addOption(
      new Option('--progress <kind>', 'json: events on stdout, one a line')
        .choices(['auto', 'plain', 'json', 'quiet'])
        .default('auto'),
    )
    .option('--json', 'print the result as one JSON document')
    .addHelpText(
      'after',
      toExamples({
        'capstan build -t app .': 'the Dockerfile of this directory',
        'capstan build -t app -f ci/Dockerfile --build-arg VERSION=2 .': 'another one, with an argument',
      }),
    )
  addGlobalOptions(command)
  perform<BuildCommandOptions>(command, async (call) => (await import('../actions/build.js')).build(call))
}

export interface BuildCommandOptions {
  readonly tag: readonly [string, ...string[]]
  readonly file?: string
  readonly buildArg?: readonly string[]
  readonly target?: string
  readonly label?: readonly string[]
  readonly platform?: string
  /** False for `--no-cache`. */
  readonly cache: boolean
  readonly pull?: boolean
  readonly progress: 'auto' | 'plain' | 'json' | 'quiet'
  readonly json?: boolean
}
