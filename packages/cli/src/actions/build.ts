import { readFile, stat } from 'node:fs/promises'
import { isAbsolute, join, relative, resolve, sep } from 'node:path'
import { text } from 'node:stream/consumers'
import {
  type BuildOptions,
  type Capability,
  findCapability,
  type ImageBuilder,
  imageBuilderCapability,
  ownershipLabelKeys,
  type RuntimeScope,
  type StringMap,
  validateBuild,
} from '@capstan/core'
import { BuildKitFeature } from '@capstan/feature-buildkit'
import { readProxyVariables } from '@capstan/runtime-docker'
import { buildByBuildKit } from '../buildkit/build-by-buildkit.js'
import { type DockerfileChoice, toBuildRequest } from '../buildkit/build-request.js'
import { type BuilderChoice, chooseBuilder, listNeedingBuildKit } from '../buildkit/choose-builder.js'
import type { BuildCommandOptions } from '../commands/build.js'
import type { Call } from '../commands/command-line.js'
import type { Invocation } from '../invocation.js'
import type { Io } from '../io.js'
import { openRuntime } from '../open-host.js'
import { isTagged, parseBuildOutput } from '../parse/build-output.js'
import { parseKeyValues } from '../parse/key-value.js'
import { withoutUndefined } from '../parse/without-undefined.js'
import { createBuildDisplay, type ProgressKind } from '../render/build-display.js'
import { toSuccessText } from '../render/build-success.js'
import { toDuration } from '../render/duration.js'
import { writeWarning } from '../render/warning.js'
import { toJson, toJsonLine, writeOutput } from '../render/write-output.js'
import { toUsageError, UsageError } from '../usage-error.js'

/** Builds an image; writes progress to stderr, and the tags of the image to stdout. */
export async function build({ invocation, operands, options }: Call<BuildCommandOptions>): Promise<number> {
  const { io, interrupts } = invocation
  checkTags(options)
  const directory = await toDirectory(operands[0] ?? '.', io)
  const dockerfile = await readDockerfile(directory, options, io)
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
      ? await byBuildKit(scope, choice, work)
      : await byRuntime(scope, await opened.require(imageBuilderCapability), work)
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

async function byBuildKit(
  scope: RuntimeScope,
  { fallback }: Extract<BuilderChoice, { builder: 'buildkit' }>,
  { invocation, options, settings, dockerfile, kind, started }: Work,
): Promise<object> {
  const buildArgs = await withProxyVariables(settings.buildArgs, scope.report, invocation.io)
  const request = await toBuildRequest({ ...settings, buildArgs }, dockerfile.choice, { options, io: invocation.io })
  const title = toTitle(options)
  const hasBuilder = findCapability(scope, imageBuilderCapability) !== undefined
  const canBuildWithout = hasBuilder && listNeedingBuildKit(options).length === 0
  const given = { invocation, fallback, canBuildWithout, kind, title }
  const { result, display } = await buildByBuildKit(scope, request, given)
  const { builder, imageId, digest, unsupportedFeatures } = result
  const output = parseBuildOutput(options.output ?? 'load')
  const by = builder === 'buildkit' ? ' with BuildKit' : ''
  const took = `${by} in ${toDuration(performance.now() - started)}`
  display.succeed(toSuccessText(output, { names: toNames(options), runtime: scope.runtimeName, took }))
  if (kind !== 'quiet' && kind !== 'json')
    for (const text of unsupportedFeatures)
      writeWarning(invocation.io.stderr, `the runtime's own builder does without ${text}`)
  return { builder, output, ...withoutUndefined({ imageId, digest }), lost: unsupportedFeatures }
}

async function byRuntime(
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

/** Adds the proxy variables of docker's configuration, as docker's client does. The runtime's own builder adds them itself. */
async function withProxyVariables(
  buildArgs: BuildOptions['buildArgs'],
  report: RuntimeScope['report'],
  { env }: Io,
): Promise<StringMap> {
  const endpoint = report.available ? report.endpoint : ''
  return { ...(await readProxyVariables(env, endpoint)), ...buildArgs }
}

/** With `auto`, either builder is enough: which one is there is decided when the runtime is open. */
function toRequired(options: BuildCommandOptions): readonly Capability<object>[] {
  if (options.builder === 'runtime') return [imageBuilderCapability]
  const isNeeded = options.builder === 'buildkit' || listNeedingBuildKit(options).length > 0
  return isNeeded ? Object.values(BuildKitFeature.needs.required) : []
}

/** Files, and results that stay in the cache, have no name. */
function checkTags({ tag = [], output = 'load' }: BuildCommandOptions): void {
  if (!isTagged(parseBuildOutput(output)) || tag.length > 0) return
  const remedies = ['see `capstan build --help`']
  throw new UsageError("required option '-t, --tag <reference>' not specified", { remedies })
}

/** Before anything is looked for, pulled or overwritten. */
function checkBuild(
  dockerfile: string,
  settings: BuildOptions,
  { tag: tags = [], platform = '' }: BuildCommandOptions,
) {
  const platforms = platform.split(',')
  // The other options are checked without a tag, too.
  for (const tag of tags.length === 0 ? ['untagged'] : tags) {
    for (const one of platforms) validateBuild(dockerfile, tag, { ...settings, ...(platform && { platform: one }) })
  }
}

function toNames({ tag = [] }: BuildCommandOptions): string {
  return tag.join(' and ')
}

/** What is built, where its name is shown. */
function toTitle({ tag: [first = 'the Dockerfile'] = [] }: BuildCommandOptions): string {
  return first
}

function toBuildOptions(directory: string, options: BuildCommandOptions, io: Io): BuildOptions {
  const { label = [], buildArg = [], target, platform, cache, pull } = options
  return {
    context: { directory },
    buildArgs: parseKeyValues(buildArg, { option: '--build-arg', bare: (key) => io.env[key] }),
    // The image is what was asked for, not something that this process left behind.
    labels: {
      [ownershipLabelKeys.lifetime]: 'persistent',
      ...parseKeyValues(label, { option: '--label', bare: () => '' }),
    },
    noCache: !cache,
    // BuildKit always looks for a newer base image.
    ...withoutUndefined({ target, platform, pull }),
  }
}

async function toDirectory(path: string, { cwd }: Io): Promise<string> {
  if (path === '-') throw new UsageError('a context on stdin cannot be read: give a directory as PATH')
  if (/^(https?|git|ssh):/.test(path)) throw new UsageError(`${path} cannot be fetched: give a directory as PATH`)
  const directory = resolve(cwd, path)
  const stats = await stat(directory).catch((cause: unknown) => {
    throw toUsageError(`the directory ${directory} cannot be read`, cause)
  })
  if (!stats.isDirectory()) throw new UsageError(`${directory} is no directory: give a directory as PATH, and -f FILE`)
  return directory
}

interface Dockerfile {
  readonly text: string
  readonly choice: DockerfileChoice
}

async function readDockerfile(
  directory: string,
  { file }: BuildCommandOptions,
  { stdin, cwd }: Io,
): Promise<Dockerfile> {
  if (file === '-') return toGiven(requireText(await text(stdin), 'the Dockerfile on stdin'))
  const path = file === undefined ? join(directory, 'Dockerfile') : resolve(cwd, file)
  const read = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw toUsageError(`the Dockerfile ${path} cannot be read (-f names another)`, cause)
  })
  const content = requireText(read, `the Dockerfile ${path}`)
  const inContext = relative(directory, path)
  const isInside = !isAbsolute(inContext) && inContext.split(sep)[0] !== '..'
  return isInside ? { text: content, choice: { dockerfile: inContext.split(sep).join('/') } } : toGiven(content)
}

function requireText(content: string, name: string): string {
  if (content.trim() === '') throw new UsageError(`${name} is empty`)
  return content
}

function toGiven(content: string): Dockerfile {
  return { text: content, choice: { dockerfileText: content } }
}

/** Lists only tags that an image carries after the build: files and results that stay in the cache carry none. */
function toResult({ tag = [], output = 'load', json, progress }: BuildCommandOptions, result: object): string {
  const tags = isTagged(parseBuildOutput(output)) ? tag : []
  if (progress === 'json') return toJsonLine({ event: 'result', tags, ...result })
  return json ? toJson({ tags, ...result }) : tags.map((name) => `${name}\n`).join('')
}
