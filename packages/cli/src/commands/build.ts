import {
  type BuildOptions,
  type Capability,
  findCapability,
  type ImageBuilder,
  imageBuilderCapability,
  type RuntimeScope,
} from '@capstan/core'
import { ownershipLabelKeys, validateBuild } from '@capstan/core/plugin'
import { BuildKitFeature } from '@capstan/feature-buildkit'
import { readProxyVariables } from '@capstan/runtime-docker'
import { type Command, Option } from 'commander'
import { buildByBuildKit } from '../buildkit/build-by-buildkit.js'
import { toBuildRequest } from '../buildkit/build-request.js'
import { type BuilderChoice, chooseBuilder } from '../buildkit/choose-builder.js'
import { UsageError } from '../errors/usage-error.js'
import type { Invocation } from '../host/invocation.js'
import { openRuntime } from '../host/open-host.js'
import { type Dockerfile, findContextDirectory, readDockerfile } from '../options/build-files.js'
import { type BuildCommandOptions, isTagged, listBuildKitOptions, parseBuildOutput } from '../options/build-options.js'
import { collect, toExamples } from '../options/command-options.js'
import { parseKeyValues } from '../options/key-values.js'
import { omitUndefined } from '../options/omit-undefined.js'
import { createBuildDisplay, type ProgressKind } from '../render/build-display.js'
import { toSuccessText } from '../render/build-success.js'
import { toDuration } from '../render/duration.js'
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
      new Option('--progress <kind>', 'Set the progress output; json prints one event per line on stdout')
        .choices(['auto', 'plain', 'json', 'quiet'])
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

Secrets, caches and outputs other than load need BuildKit. It runs in a
container for this build; \`capstan buildkit start\` keeps it, and its cache, for
later ones. BuildKit pulls base images itself: use --builder runtime for one
that only the runtime has. If the image of BuildKit cannot be pulled, each build
tries again: use --builder runtime, or select another image by
CAPSTAN_BUILDKIT_IMAGE.`

async function build({ invocation, operands, options }: Call<BuildCommandOptions>): Promise<number> {
  const { io, interrupts } = invocation
  checkTags(options)
  const directory = await findContextDirectory(operands[0] ?? '.', io)
  const dockerfile = await readDockerfile(directory, options.file, io)
  const settings = toBuildOptions(directory, options, io)
  checkBuild(dockerfile.text, settings, options)
  await using opened = await openRuntime(invocation, { requires: toRequired(options) })
  const { scope } = opened
  const kind = options.json && options.progress === 'auto' ? 'quiet' : options.progress
  const isQuiet = kind === 'quiet' || kind === 'json'
  const choice = await chooseBuilder(scope, options, { invocation, isQuiet })
  if (choice.builder === 'runtime' && choice.reason !== undefined && !isQuiet)
    io.stderr.write(`BuildKit is not used: ${choice.reason}\n`)
  const started = performance.now()
  const work: Work = { invocation, options, settings, dockerfile, kind, started }
  const result =
    choice.builder === 'buildkit'
      ? await buildWithBuildKit(scope, choice, work)
      : await buildWithRuntime(scope, await opened.require(imageBuilderCapability), work)
  const durationMs = Math.round(performance.now() - started)
  await writeOutput(io.stdout, toResult(options, { runtime: scope.runtimeName, durationMs, ...result }), interrupts)
  return 0
}

interface Work {
  readonly invocation: Invocation
  readonly options: BuildCommandOptions
  readonly settings: BuildOptions
  readonly dockerfile: Dockerfile
  readonly kind: ProgressKind
  readonly started: number
}

async function buildWithBuildKit(
  scope: RuntimeScope,
  { fallback }: Extract<BuilderChoice, { builder: 'buildkit' }>,
  { invocation, options, settings, dockerfile, kind, started }: Work,
): Promise<object> {
  const { io } = invocation
  // The builder of the runtime adds the proxy variables of docker's configuration itself, as docker's client does.
  const proxies = await readProxyVariables(io.env, scope.report.available ? scope.report.endpoint : '')
  const build = { ...settings, buildArgs: { ...proxies, ...settings.buildArgs } }
  const request = await toBuildRequest(build, dockerfile.choice, { options, io })
  const hasBuilder = findCapability(scope, imageBuilderCapability) !== undefined
  const canBuildWithout = hasBuilder && listBuildKitOptions(options).length === 0
  const given = { invocation, fallback, canBuildWithout, kind, title: toTitle(options) }
  const { result, display } = await buildByBuildKit(scope, request, given).catch((error: unknown) => {
    if (request.output?.type === 'archive') request.output.to.destroy()
    throw error
  })
  const { builder, imageId, digest, unsupportedFeatures } = result
  const output = parseBuildOutput(options.output ?? 'load')
  const by = builder === 'buildkit' ? ' with BuildKit' : ''
  const took = `${by} in ${toDuration(performance.now() - started)}`
  display.succeed(toSuccessText(output, { names: toNames(options), runtime: scope.runtimeName, took }))
  if (kind !== 'quiet' && kind !== 'json')
    for (const text of unsupportedFeatures)
      writeWarning(io.stderr, `the builder of the runtime does not support ${text}`)
  return { builder, output, ...omitUndefined({ imageId, digest }), unsupportedFeatures }
}

async function buildWithRuntime(
  { runtimeName }: RuntimeScope,
  builder: ImageBuilder,
  { invocation, options, settings, dockerfile, kind, started }: Work,
): Promise<object> {
  const display = createBuildDisplay(invocation.io, kind)
  const { signal } = invocation.interrupts
  const onProgress = display.onProgress.bind(display)
  try {
    const [tag = '', ...tags] = options.tag ?? []
    await builder.buildImage(dockerfile.text, tag, { ...settings, tags, signal, onProgress })
  } catch (error) {
    display.fail(`${toTitle(options)} was not built`)
    throw error
  }
  const took = ` in ${toDuration(performance.now() - started)}`
  const output = { type: 'load' } as const
  display.succeed(toSuccessText(output, { names: toNames(options), runtime: runtimeName, took }))
  return { builder: 'runtime', output }
}

/** With `auto`, one of the builders is enough. Which one the runtime has is known after it is opened. */
function toRequired(options: BuildCommandOptions): readonly Capability<object>[] {
  if (options.builder === 'runtime') return [imageBuilderCapability]
  const needsBuildKit = options.builder === 'buildkit' || listBuildKitOptions(options).length > 0
  return needsBuildKit ? Object.values(BuildKitFeature.needs.required) : []
}

/** Only an image has tags. */
function checkTags({ tag = [], output = 'load' }: BuildCommandOptions): void {
  if (!isTagged(parseBuildOutput(output)) || tag.length > 0) return
  const remedies = ['see `capstan build --help`']
  throw new UsageError("required option '-t, --tag <reference>' not specified", { remedies })
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

function toNames({ tag = [] }: BuildCommandOptions): string {
  return tag.join(' and ')
}

/** Returns the first tag; without tags, a description of the build. */
function toTitle({ tag: [first = 'the Dockerfile'] = [] }: BuildCommandOptions): string {
  return first
}

function toBuildOptions(directory: string, options: BuildCommandOptions, io: Io): BuildOptions {
  const { label = [], buildArg = [], target, platform, cache, pull } = options
  return {
    context: { directory },
    buildArgs: parseKeyValues(buildArg, { option: '--build-arg', bare: (key) => io.env[key] }),
    // The image is the result of the command, so no sweep removes it.
    labels: { [ownershipLabelKeys.lifetime]: 'persistent', ...parseKeyValues(label, { option: '--label' }) },
    noCache: !cache,
    // BuildKit always checks for newer base images.
    ...omitUndefined({ target, platform, pull }),
  }
}

/** Lists the tags of an image. Files and results that remain in the cache have none. */
function toResult({ tag = [], output = 'load', json, progress }: BuildCommandOptions, result: object): string {
  const tags = isTagged(parseBuildOutput(output)) ? tag : []
  if (progress === 'json') return toJsonLine({ event: 'result', tags, ...result })
  return json ? toJson({ tags, ...result }) : tags.map((name) => `${name}\n`).join('')
}
