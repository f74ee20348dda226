import { Option } from 'commander'
import { addGlobalOptions, type CommandLine, collect, toExamples } from './command-line.js'

/** `capstan build` */
export function addBuildCommand({ program, perform }: CommandLine): void {
  const command = program
    .command('build')
    .summary('Build an image from a Dockerfile')
    .description('Builds an image from a Dockerfile and a directory, and prints its tags. Progress goes to stderr.')
    .argument('[path]', 'Build context; its .dockerignore applies', '.')
    .option('-t, --tag <reference>', 'Name of the image; required if --output makes one (repeatable)', collect)
    .option('-f, --file <file>', "Path of the Dockerfile, '-' for stdin (default: PATH/Dockerfile)")
    .option('--build-arg <key[=value]>', 'Set a build argument; KEY alone copies it from here (repeatable)', collect)
    .option('--target <stage>', 'Build this stage')
    .option('--label <key=value>', 'Set a label (repeatable)', collect)
    .option('--platform <os/arch>', 'Platform, such as linux/arm64; for BuildKit also a list with commas')
    .option('--no-cache', 'Do not use the cache')
    .option('--pull', 'Pull newer base images')
    .addOption(
      new Option('--builder <builder>', "auto: BuildKit where available, else the runtime's builder")
        .choices(['auto', 'buildkit', 'runtime'])
        .default('auto'),
    )
    .option(
      '--secret <id=name,src=file>',
      'Secret for RUN, from a file or, with env=, a variable (repeatable)',
      collect,
    )
    .option('--output <what>', 'load, push, cache-only, or type=docker|oci|files,dest=FILE (default: load)')
    .option('--cache-from <type=…>', 'Import a cache, in the syntax of buildctl (repeatable)', collect)
    .option('--cache-to <type=…>', 'Export the cache (repeatable)', collect)
    .addOption(
      new Option('--progress <kind>', 'Progress output; json: one event per line on stdout')
        .choices(['auto', 'plain', 'json', 'quiet'])
        .default('auto'),
    )
    .option('--json', 'Print the result as one JSON document')
    .addHelpText(
      'after',
      toExamples({
        'capstan build -t app .': 'the Dockerfile of this directory',
        'capstan build -t app --secret id=token,env=TOKEN .': 'a secret that no layer keeps',
        'capstan build --output type=files,dest=out.tar .': 'no image, but the files of its last stage',
        'capstan build -t app -f ci/Dockerfile --build-arg VERSION=2 .': 'another one, with an argument',
      }),
    )
  command.addHelpText('after', builders)
  addGlobalOptions(command)
  perform<BuildCommandOptions>(command, async (call) => (await import('../actions/build.js')).build(call))
}

const builders = `
Secrets, caches and outputs other than load need BuildKit. It runs in a
container for this build; \`capstan buildkit start\` keeps it, and its cache, for
later ones. BuildKit pulls base images itself: use --builder runtime for one
that only the runtime has. Where the image of BuildKit cannot be pulled, each
build tries again: use --builder runtime, or name another image with
CAPSTAN_BUILDKIT_IMAGE.`

export interface BuildCommandOptions {
  /** Absent only with an output that makes no image. */
  readonly tag?: readonly string[]
  readonly file?: string
  readonly buildArg?: readonly string[]
  readonly target?: string
  readonly label?: readonly string[]
  readonly platform?: string
  /** False for `--no-cache`. */
  readonly cache: boolean
  readonly pull?: boolean
  readonly builder: 'auto' | 'buildkit' | 'runtime'
  readonly secret?: readonly string[]
  readonly output?: string
  readonly cacheFrom?: readonly string[]
  readonly cacheTo?: readonly string[]
  readonly progress: 'auto' | 'plain' | 'json' | 'quiet'
  readonly json?: boolean
}
