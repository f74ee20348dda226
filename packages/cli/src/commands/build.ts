import {
  type BuildOptions,
  type Capability,
  findCapability,
  type ImageBuilder,
  imageBuilderCapability,
  type RuntimeScope,
} from '@capstan/core'
import { ownershipLabelKeys, validateBuild } from '@capstan/core/plugin'
import { BuildKitFeature, type BuildResult } from '@capstan/feature-buildkit'
import { readProxyVariables } from '@capstan/runtime-docker'
import { type Command, Option } from 'commander'
import { buildByBuildKit } from '../buildkit/build-by-buildkit.js'
import { type BuildSettings, toBuildRequest } from '../buildkit/build-request.js'
import { chooseBuilder } from '../buildkit/choose-builder.js'
import { CliError } from '../errors/cli-error.js'
import type { Invocation } from '../host/invocation.js'
import { openRuntime } from '../host/open-host.js'
import { type Dockerfile, findContextDirectory, readDockerfile } from '../options/build-files.js'
import {
  type BuildCommandOptions,
  isTagged,
  listBuildKitOptions,
  type OutputChoice,
  parseBuildOutput,
} from '../options/build-options.js'
import { collect, toExamples } from '../options/command-definition.js'
import { parseKeyValues } from '../options/key-values.js'
import { omitUndefined } from '../options/omit-undefined.js'
import type { ProgressKind } from '../render/build-display.js'
import { toSuccessText } from '../render/build-success.js'
import { toDuration } from '../render/duration.js'
import { createRuntimeBuildDisplay, type RuntimeBuildDisplay } from '../render/runtime-build-display.js'
import { toJson, toJsonLine, writeOutput, writeWarning } from '../render/write-output.js'
import type { Io } from '../terminal/io.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan build`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description('Builds an image from a Dockerfile and a directory, and prints its tags. Progress goes to stderr.')
    .argument('[path]', 'Build context; its .dockerignore applies', '.')
    .option('-t, --tag <reference>', 'Name the image; required if --output creates one (repeatable)', collect)
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
    .option('--pull', 'Pull newer base images')
    .addOption(
      new Option('--builder <builder>', 'Select the builder; auto uses BuildKit if available, else that of the runtime')
        .choices(['auto', 'buildkit', 'runtime'])
        .default('auto'),
    )
    .option(
      '--secret <id=name,src=file>',
      'Expose a secret to RUN, from a file or, with env=, a variable (repeatable)',
      collect,
    )
    .option(
      '--output <what>',
      'Set the output: load, push, cache-only, or type=docker|oci|files,dest=FILE (default: load)',
    )
    .option('--cache-from <type=…>', 'Import a cache, in the syntax of buildctl (repeatable)', collect)
    .option('--cache-to <type=…>', 'Export the cache (repeatable)', collect)
    .addOption(
      new Option(
        '--progress <kind>',
        "Set the progress output; json prints Capstan's events on stdout, rawjson BuildKit's records on stderr, one per line",
      )
        .choices(['auto', 'plain', 'json', 'rawjson', 'quiet'])
        .default('auto'),
    )
    .option('--json', 'Print the result as one JSON document')
    .addHelpText('after', toExamples(examples) + notes)
  setAction<BuildCommandOptions>(command, build)
}

const examples = {
  'capstan build -t app .': 'Build the Dockerfile of this directory',
  'capstan build -t app --secret id=token,env=TOKEN .': 'Use a secret, which no layer contains',
  'capstan build --output type=files,dest=out.tar .': 'Write the files of the last stage, without an image',
  'capstan build -t app -f ci/Dockerfile --build-arg VERSION=2 .': 'Build another Dockerfile, with an argument',
}

const notes = `

Secrets, caches, several platforms and outputs other than load need BuildKit. It
runs in a container for this build; \`capstan buildkit start\` keeps it, and its
cache, for later ones. BuildKit pulls base images itself: for a base image that
is only on the engine, use --builder runtime. If the image of BuildKit cannot be
pulled, each build tries again: use --builder runtime, or select another image
by CAPSTAN_BUILDKIT_IMAGE.`

async function build({ invocation, operands, options }: Call<BuildCommandOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const output = parseBuildOutput(options.output ?? 'load')
  const tags = isTagged(output) ? requireTags(options) : []
  const directory = await findContextDirectory(operands[0] ?? '.', io)
  const dockerfile = await readDockerfile(directory, options.file, io)
  const settings = toBuildSettings(directory, options, io)
  checkBuild(dockerfile.text, settings, options)
  await using opened = await openRuntime(invocation, { requires: toRequired(options) })
  const { scope } = opened
  const kind = options.json && options.progress === 'auto' ? 'quiet' : options.progress
  const isQuiet = kind !== 'auto' && kind !== 'plain'
  const choice = await chooseBuilder(scope, options, { invocation, isQuiet })
  if (choice.builder === 'runtime' && choice.reason !== undefined && !isQuiet)
    io.stderr.write(`BuildKit is not used: ${choice.reason}\n`)
  const started = performance.now()
  const job: BuildJob = { invocation, options, output, settings, dockerfile, kind }
  const { display, ...result } =
    choice.builder === 'buildkit'
      ? await buildWithBuildKit(scope, choice.fallback, job)
      : await buildWithRuntime(await opened.require(imageBuilderCapability), job)
  const durationMs = Math.round(performance.now() - started)
  const took = `${result.builder === 'runtime' ? '' : ' with BuildKit'} in ${toDuration(durationMs)}`
  const runtime = scope.runtimeName
  display.succeed(toSuccessText(output, { names: tags.join(' and '), runtime, took }))
  const unsupported = isQuiet ? [] : (result.unsupportedFeatures ?? [])
  for (const text of unsupported) writeWarning(io.stderr, `the builder of the runtime does not support ${text}`)
  await writeOutput(io.stdout, toResultText(options, { tags, runtime, durationMs, output, ...result }), interrupts)
  return 0
}

interface BuildJob {
  readonly invocation: Invocation
  readonly options: BuildCommandOptions
  readonly output: OutputChoice
  readonly settings: BuildSettings
  readonly dockerfile: Dockerfile
  readonly kind: ProgressKind
}

/** The display of a successful build, and fields of its JSON document. */
interface BuildOutcome extends Partial<Pick<BuildResult, 'imageId' | 'digest' | 'unsupportedFeatures'>> {
  readonly display: Pick<RuntimeBuildDisplay, 'succeed'>
  readonly builder: BuildResult['builder']
}

async function buildWithBuildKit(
  scope: RuntimeScope,
  fallback: 'none' | 'runtime',
  { invocation, options, output, settings, dockerfile, kind }: BuildJob,
): Promise<BuildOutcome> {
  const { io } = invocation
  // The builder of the runtime adds the proxy variables of docker's configuration itself, as docker's client does.
  const proxies = await readProxyVariables(io.env, scope.report.available ? scope.report.endpoint : '')
  const build = { ...settings, buildArgs: { ...proxies, ...settings.buildArgs } }
  const request = await toBuildRequest(build, dockerfile.choice, { options, output, io })
  const hasBuilder = findCapability(scope, imageBuilderCapability) !== undefined
  const canUseRuntimeBuilder = hasBuilder && listBuildKitOptions(options).length === 0
  const buildOptions = { invocation, fallback, canUseRuntimeBuilder, kind, title: toTitle(options) }
  const { result, display } = await buildByBuildKit(scope, request, buildOptions).catch((error: unknown) => {
    if (request.output.type === 'archive') request.output.to.destroy()
    throw error
  })
  const { builder, imageId, digest, unsupportedFeatures } = result
  return { display, builder, imageId, digest, unsupportedFeatures }
}

async function buildWithRuntime(
  builder: ImageBuilder,
  { invocation, options, settings, dockerfile, kind }: BuildJob,
): Promise<BuildOutcome> {
  const display = createRuntimeBuildDisplay(invocation.io, kind)
  const { onProgress } = display
  const { signal } = invocation.interrupts
  const [tag = '', ...tags] = options.tag ?? []
  try {
    await builder.buildImage(dockerfile.text, tag, { ...settings, tags, signal, onProgress })
  } catch (error) {
    display.fail(`${toTitle(options)} was not built`)
    throw error
  }
  return { display, builder: 'runtime' }
}

/** With `auto`, one of the builders is enough. Which one the runtime has is known after it is opened. */
function toRequired(options: BuildCommandOptions): readonly Capability<object>[] {
  if (options.builder === 'runtime') return [imageBuilderCapability]
  const needsBuildKit = options.builder === 'buildkit' || listBuildKitOptions(options).length > 0
  return needsBuildKit ? Object.values(BuildKitFeature.sidecarNeeds.required) : []
}

function requireTags({ tag: tags = [] }: BuildCommandOptions): readonly string[] {
  if (tags.length > 0) return tags
  const remedies = ['see `capstan build --help`']
  throw new CliError("required option '-t, --tag <reference>' not specified", { remedies })
}

/** Validates all options before a runtime is opened, an image is pulled, or a file is overwritten. */
function checkBuild(
  dockerfile: string,
  settings: BuildOptions,
  { tag: tags = [], platform = '' }: BuildCommandOptions,
): void {
  // Without a tag, the other options are validated with a placeholder.
  for (const tag of tags.length === 0 ? ['untagged'] : tags) {
    for (const one of platform.split(','))
      validateBuild(dockerfile, tag, { ...settings, ...(platform && { platform: one }) })
  }
}

/** Returns the first tag; without tags, a description of the build. */
function toTitle({ tag: [first = 'the Dockerfile'] = [] }: BuildCommandOptions): string {
  return first
}

function toBuildSettings(directory: string, options: BuildCommandOptions, io: Io): BuildSettings {
  const { label = [], buildArg = [], target, platform, cache, pull } = options
  return {
    context: { directory },
    buildArgs: parseKeyValues(buildArg, { option: '--build-arg', findValue: (key) => io.env[key] }),
    // The image is the result of the command, so no sweep removes it.
    labels: { [ownershipLabelKeys.lifetime]: 'persistent', ...parseKeyValues(label, { option: '--label' }) },
    noCache: !cache,
    // BuildKit always checks for newer base images.
    ...omitUndefined({ target, platform, pull }),
  }
}

function toResultText(
  { json, progress }: BuildCommandOptions,
  result: { readonly tags: readonly string[]; readonly [field: string]: unknown },
): string {
  if (progress === 'json') return toJsonLine({ event: 'result', ...result })
  return json ? toJson(result) : result.tags.map((tag) => `${tag}\n`).join('')
}
