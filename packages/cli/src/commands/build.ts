import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Capability, findCapability, imageBuilderCapability, type RuntimeScope } from '@capstan/core'
import { ownershipLabelKeys, validateBuild } from '@capstan/core/plugin'
import type { BuildResult } from '@capstan/feature-buildkit'
import { readProxyVariables } from '@capstan/runtime-docker'
import { type Command, Option } from 'commander'
import { buildByBuildKit } from '../buildkit/build-by-buildkit.js'
import { type BuildSettings, toBuildRequest } from '../buildkit/build-request.js'
import { type BuilderChoice, chooseBuilder } from '../buildkit/choose-builder.js'
import { CliError, toFileError } from '../errors/cli-error.js'
import type { Invocation } from '../host/invocation.js'
import { type OpenedRuntime, openRuntime } from '../host/open-host.js'
import { type BuildCommandOptions, builders, listBuildKitOptions, untaggedImage } from '../options/build-options.js'
import { chooseOutput, type OutputChoice } from '../options/build-output.js'
import { type BuildSource, readBuildSource } from '../options/build-source.js'
import { collect, toExamples } from '../options/command-definition.js'
import { parseKeyValues } from '../options/key-values.js'
import { omitUndefined } from '../options/omit-undefined.js'
import { requireWritableFile } from '../options/output-file.js'
import { type BuildDisplay, type ProgressKind, toSourceText } from '../render/build-display.js'
import { toSuccessText } from '../render/build-success.js'
import { toDuration } from '../render/duration.js'
import { createRuntimeBuildDisplay } from '../render/runtime-build-display.js'
import { toJson, toJsonLine, writeOutput, writeWarning } from '../render/write-output.js'
import type { Io } from '../terminal/io.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan build`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description(
      'Builds an image from a Dockerfile and a context, and prints its tags, or its ID if it has none. Progress goes to stderr.',
    )
    .argument(
      '[path]',
      "Build context: a directory, whose .dockerignore applies, a git or archive URL, or '-' for stdin",
      '.',
    )
    .option('-t, --tag <reference>', 'Name the image (repeatable)', collect)
    .option('-f, --file <file>', "Read the Dockerfile from a path, or '-' for stdin (default: PATH/Dockerfile)")
    .option(
      '--build-arg <key[=value]>',
      'Set a build argument; KEY alone copies it from this environment (repeatable)',
      collect,
    )
    .option('--target <stage>', 'Build this stage')
    .option('--label <key=value>', 'Set a label (repeatable)', collect)
    .option(
      '--platform <os/arch>',
      'Set the platform, such as linux/arm64; BuildKit accepts several, separated by commas',
    )
    .option('--no-cache', 'Do not use the cache')
    .addOption(
      // Without a default, commander sets a value for an option that begins with `--no-`.
      new Option('--no-cache-filter <stage>', 'Do not use the cache for this stage (repeatable)')
        .argParser(collect)
        .default([], 'none'),
    )
    .option('--pull', 'Pull newer base images')
    .addOption(new Option('--builder <builder>', 'Select the builder').choices(builders).default('auto'))
    .option(
      '--secret <id=name,src=file>',
      'Expose a secret to RUN, from a file or, with env=, a variable (repeatable)',
      collect,
    )
    .option('--ssh <id[=socket]>', "Expose an SSH agent to RUN, 'default' that of SSH_AUTH_SOCK (repeatable)", collect)
    .option(
      '--build-context <name=value>',
      'Add a context: a directory, a URL or docker-image://REFERENCE (repeatable)',
      collect,
    )
    .option('--allow <entitlement>', 'Allow steps a privilege, such as network.host (repeatable)', collect)
    .addOption(
      new Option('--network <mode>', 'Set the network of RUN; host allows the entitlement network.host')
        .choices(['default', 'host', 'none'])
        .default('default'),
    )
    .option(
      '--add-host <name:address>',
      'Add a host name for RUN; the address may be host-gateway (repeatable)',
      collect,
    )
    .option('-o, --output <what>', 'Set the output: a directory, or one of those below (default: load)', collect)
    .option('--load', 'Load the image into the runtime (default)')
    .option('--push', 'Push the image to its registry')
    .option('--cache-from <type=…>', "Import a cache, in docker's syntax (repeatable)", collect)
    .option('--cache-to <type=…>', 'Export the cache (repeatable)', collect)
    .addOption(
      new Option(
        '--progress <kind>',
        "Set the progress output; json prints Capstan's events on stdout, rawjson BuildKit's records on stderr, one per line",
      )
        .choices(['auto', 'plain', 'json', 'rawjson', 'quiet'])
        .default('auto'),
    )
    .option('-q, --quiet', 'Show no progress, and print the ID of the image instead of its tags')
    .option('--iidfile <file>', 'Write the ID of the image to a file')
    .option('--metadata-file <file>', 'Write the metadata of BuildKit to a file, as JSON')
    .option('--json', 'Print the result as one JSON document')
    .addHelpText('after', toExamples(examples) + notes)
  setAction<BuildCommandOptions>(command, build)
}

const examples = {
  'capstan build -t app .': 'Build the Dockerfile of this directory',
  'capstan build -t app --secret id=token,env=TOKEN .': 'Use a secret, which no layer contains',
  'capstan build -o out --target binaries .': 'Write the files of a stage to a directory, without an image',
  'capstan build -t app https://github.com/example/app.git#v1': 'Build a git repository',
  'capstan build -t app -f ci/Dockerfile --build-arg VERSION=2 .': 'Build another Dockerfile, with an argument',
}

const notes = `

Outputs, as in docker:
  DIRECTORY, type=local,dest=DIRECTORY  the files of the last stage
  -, type=tar,dest=FILE                 an archive of them
  type=oci,dest=FILE                    an archive of the image
  type=docker,dest=FILE                 an archive of the image for docker load
  load, type=docker, type=image         load the image into the runtime
  push, type=registry, type=image,push=true  push the image to its registry
  cache-only, type=cacheonly            keep the result only in the cache

Builders:
  auto      the first of the following that the runtime and the options allow
  engine    the engine's own BuildKit, as docker's driver "docker"
  sidecar   BuildKit in a container, as docker's driver "docker-container"; it
            runs for this build, and \`capstan buildkit start\` keeps it and its
            cache. It pulls base images itself
  buildkit  engine, else sidecar
  runtime   the builder of the runtime; it needs --tag, supports only --output
            load, and not --secret, --ssh, --build-context, --allow, --network,
            --add-host, --no-cache-filter, caches, several platforms and URLs

If the image of BuildKit cannot be pulled, each build in a sidecar tries again:
use --builder runtime, or select another image by CAPSTAN_BUILDKIT_IMAGE.`

async function build({ invocation, operands: [path = '.'], options }: Call<BuildCommandOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const output = chooseOutput(options)
  const tags = findTags(output)
  const kind = toProgressKind(options, output)
  await using source = await readBuildSource({ path, file: options.file }, io, interrupts)
  const settings = toBuildSettings(options, io)
  const needsBuildKit = listBuildKitOptions(options, path)
  checkBuild({ source, settings, tags, platform: options.platform })
  for (const file of listResultFiles(options, io)) await requireWritableFile(file.path, file.problem)
  await using opened = await openRuntime(invocation, { requires: toRequired(options) })
  const job = { invocation, options, output, tags, settings, source, kind, needsBuildKit }
  await runJob(opened, job)
  return 0
}

interface BuildJob {
  readonly invocation: Invocation
  readonly options: BuildCommandOptions
  readonly output: OutputChoice
  readonly tags: readonly string[]
  readonly settings: BuildSettings
  readonly source: BuildSource
  readonly kind: ProgressKind
  /** What was given that only BuildKit implements. */
  readonly needsBuildKit: readonly string[]
}

async function runJob(opened: OpenedRuntime, job: BuildJob): Promise<void> {
  const { invocation, options, output, tags, kind, needsBuildKit } = job
  const { io } = invocation
  const { scope } = opened
  const isQuiet = kind !== 'auto' && kind !== 'plain'
  const choice = await chooseBuilder(scope, options.builder, { needsBuildKit, invocation, isQuiet })
  if (choice.builder === 'runtime' && choice.reason !== undefined && !isQuiet)
    io.stderr.write(`BuildKit is not used: ${choice.reason}\n`)
  const started = performance.now()
  const { display, metadata, ...result } =
    choice.builder === 'buildkit' ? await buildWithBuildKit(scope, choice, job) : await buildWithRuntime(opened, job)
  const durationMs = Math.round(performance.now() - started)
  const took = `${result.builder === 'runtime' ? '' : ' with BuildKit'} in ${toDuration(durationMs)}`
  const runtime = scope.runtimeName
  display.succeed(toSuccessText(output, { names: tags.join(' and ') || result.imageId || 'an image', runtime, took }))
  const unsupported = isQuiet ? [] : (result.unsupportedFeatures ?? [])
  for (const text of unsupported) writeWarning(io.stderr, `the builder of the runtime does not support ${text}`)
  const texts = {
    '--iidfile': result.imageId ?? '',
    '--metadata-file': `${JSON.stringify(metadata ?? {}, undefined, 2)}\n`,
  }
  for (const { option, path, problem } of listResultFiles(options, io)) {
    await writeFile(path, texts[option]).catch((cause: unknown) => {
      throw toFileError(problem, cause)
    })
  }
  const text = toResultText(job, { tags, runtime, durationMs, output, ...result })
  await writeOutput(io.stdout, text, invocation.interrupts)
}

/** The display of a successful build, and fields of its JSON document. */
interface BuildOutcome extends Partial<Omit<BuildResult, 'builder'>> {
  readonly display: Pick<BuildDisplay, 'succeed'>
  readonly builder: BuildResult['builder']
}

async function buildWithBuildKit(
  scope: RuntimeScope,
  { with: builder, fallback }: Extract<BuilderChoice, { builder: 'buildkit' }>,
  { invocation, options, output, tags, settings, source, kind, needsBuildKit }: BuildJob,
): Promise<BuildOutcome> {
  const { io } = invocation
  // The builder of the runtime adds the proxy variables of docker's configuration itself, as docker's client does.
  const proxies = await readProxyVariables(io.env, scope.report.available ? scope.report.endpoint : '')
  const build = { ...settings, buildArgs: { ...proxies, ...settings.buildArgs } }
  const request = await toBuildRequest(build, source.request, { options, output, invocation })
  const hasBuilder = findCapability(scope, imageBuilderCapability) !== undefined
  const runtimeBuilder = hasBuilder ? toRuntimeBuilderOptions(needsBuildKit) : undefined
  const display = { kind, isJson: isJson(options), title: toTitle(tags) }
  const buildOptions = { invocation, builder, fallback, runtimeBuilder, ...display }
  const built = await buildByBuildKit(scope, request, buildOptions).catch((error: unknown) => {
    if (request.output.type === 'archive') request.output.to.destroy()
    throw error
  })
  return { display: built.display, ...built.result }
}

/** Returns the options with which the builder of the runtime can run the build, if any. */
function toRuntimeBuilderOptions([first, ...others]: readonly string[]): string | undefined {
  if (first === undefined) return '--builder runtime'
  return first === untaggedImage && others.length === 0 ? '--tag and --builder runtime' : undefined
}

async function buildWithRuntime(opened: OpenedRuntime, job: BuildJob): Promise<BuildOutcome> {
  const { invocation, options, tags, settings, source, kind } = job
  const builder = await opened.require(imageBuilderCapability)
  const display = createRuntimeBuildDisplay(invocation.io, kind)
  const { onProgress } = display
  const { signal } = invocation.interrupts
  const [tag = '', ...others] = tags
  const { context, text = '' } = source
  const more = omitUndefined({ context, platform: options.platform })
  try {
    await builder.buildImage(text, tag, { ...settings, ...more, tags: others, signal, onProgress })
  } catch (error) {
    display.fail(`${toTitle(tags)} was not built`)
    if (!isJson(options)) invocation.io.stderr.write(toSourceText(error))
    throw error
  }
  const { ignoreFile } = source
  const unsupportedFeatures = ignoreFile === undefined ? [] : [`"${ignoreFile}": only .dockerignore is used`]
  return { display, builder: 'runtime', unsupportedFeatures }
}

/** With the other builders, one of several capabilities is enough. Which one the runtime has is known after it is opened. */
function toRequired({ builder }: BuildCommandOptions): readonly Capability<object>[] {
  return builder === 'runtime' ? [imageBuilderCapability] : []
}

/** Returns the names of the image. Only an image that is pushed needs one. */
function findTags(output: OutputChoice): readonly string[] {
  const tags = ('tags' in output && output.tags) || []
  if (tags.length > 0 || output.type !== 'push') return tags
  throw new CliError('an image that is pushed needs a name: use --tag', { remedies: ['see `capstan build --help`'] })
}

function toProgressKind({ json, quiet, progress }: BuildCommandOptions, output: OutputChoice): ProgressKind {
  const isOnStdout = output.type === 'archive' && output.to === '-'
  if (isOnStdout && (json || quiet || progress === 'json'))
    throw new CliError('stdout cannot have both the archive and the result: name a file in --output')
  return quiet || (json && progress === 'auto') ? 'quiet' : progress
}

/** Whether errors are written as JSON. */
function isJson({ json = false, progress }: BuildCommandOptions): boolean {
  return json || progress === 'json'
}

/** Validates all options before a runtime is opened, an image is pulled, or a file is overwritten. */
function checkBuild({ source, settings, tags, platform = '' }: CheckedBuild): void {
  // Without a tag or a Dockerfile, the other options are validated with a placeholder.
  for (const tag of tags.length === 0 ? ['untagged'] : tags) {
    for (const one of platform.split(',')) {
      const more = omitUndefined({ context: source.context, platform: one || undefined })
      validateBuild(source.text ?? 'FROM scratch', tag, { ...settings, ...more })
    }
  }
}

interface CheckedBuild extends Pick<BuildJob, 'source' | 'settings' | 'tags'> {
  readonly platform: string | undefined
}

/** Returns the first tag; without tags, a description of the build. */
function toTitle([first = 'the Dockerfile']: readonly string[]): string {
  return first
}

function toBuildSettings(options: BuildCommandOptions, io: Io): BuildSettings {
  const { label = [], buildArg = [], target, cache, pull } = options
  return {
    buildArgs: parseKeyValues(buildArg, { option: '--build-arg', findValue: (key) => io.env[key] }),
    // The image is the result of the command, so no sweep removes it.
    labels: { [ownershipLabelKeys.lifetime]: 'persistent', ...parseKeyValues(label, { option: '--label' }) },
    noCache: !cache,
    ...omitUndefined({ target, pull }),
  }
}

/** Lists the files of the result that were given. `problem` is the beginning of the error for one that cannot be written. */
function listResultFiles({ iidfile, metadataFile }: BuildCommandOptions, { cwd }: Io) {
  const files = [
    { option: '--iidfile', given: iidfile },
    { option: '--metadata-file', given: metadataFile },
  ] as const
  return files.flatMap(({ option, given }) =>
    given === undefined ? [] : [{ option, path: resolve(cwd, given), problem: `${option} ${given} cannot be written` }],
  )
}

function toResultText(
  { options: { json, progress, quiet }, output }: BuildJob,
  result: {
    readonly tags: readonly string[]
    readonly imageId?: string | undefined
    readonly [field: string]: unknown
  },
): string {
  if (progress === 'json') return toJsonLine({ event: 'result', ...result })
  if (json) return toJson(result)
  if (output.type === 'archive' && output.to === '-') return ''
  const hasTags = result.tags.length > 0 && !quiet
  const lines = hasTags || result.imageId === undefined ? result.tags : [result.imageId]
  return lines.map((line) => `${line}\n`).join('')
}
