import { readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { type BuildOptions, ownershipLabelKeys, type Runtime } from '@capstan/core'
import type { BuildCommandOptions } from '../commands/build.js'
import type { Call } from '../commands/command-line.js'
import type { Io } from '../io.js'
import { openRuntime } from '../open-host.js'
import { parseKeyValues } from '../parse/key-value.js'
import { withoutUndefined } from '../parse/without-undefined.js'
import { createBuildDisplay } from '../render/build-display.js'
import { toDuration } from '../render/duration.js'
import { toJson, toJsonLine, writeOutput } from '../render/write-output.js'
import { toUsageError, UsageError } from '../usage-error.js'

/** Builds an image; progress on stderr, its tags on stdout. */
export async function build({ invocation, operands, options }: Call<BuildCommandOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const directory = await toDirectory(operands[0] ?? '.', io)
  const dockerfile = await readDockerfile(directory, options, io)
  const buildOptions = toBuildOptions(directory, options, io)
  await using opened = await openRuntime(invocation)
  const display = createBuildDisplay(io, options.json && options.progress === 'auto' ? 'quiet' : options.progress)
  const { runtime } = opened.scope
  const started = performance.now()
  const { signal } = interrupts
  const onProgress = display.onProgress.bind(display)
  try {
    await buildAll(runtime, dockerfile, { ...buildOptions, signal, onProgress }, options.tag)
  } catch (error) {
    display.fail(`${options.tag[0]} was not built`)
    throw error
  }
  const durationMs = Math.round(performance.now() - started)
  display.succeed(`Built ${options.tag.join(' and ')} on ${opened.scope.runtimeName} in ${toDuration(durationMs)}`)
  await writeOutput(io.stdout, toResult(options, { runtime: opened.scope.runtimeName, durationMs }), interrupts)
  return 0
}

/** There is no call that gives an image a further tag: the builder's cache makes the same image again. */
async function buildAll(
  runtime: Runtime,
  dockerfile: string,
  options: BuildOptions,
  [first, ...others]: BuildCommandOptions['tag'],
): Promise<void> {
  await runtime.buildImage(dockerfile, first, options)
  for (const tag of others) await runtime.buildImage(dockerfile, tag, { ...options, noCache: false, pull: false })
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

async function readDockerfile(directory: string, { file }: BuildCommandOptions, { stdin, cwd }: Io): Promise<string> {
  if (file === '-') return await text(stdin)
  const path = file === undefined ? join(directory, 'Dockerfile') : resolve(cwd, file)
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw toUsageError(`the Dockerfile ${path} cannot be read (-f names another)`, cause)
  }
}

function toResult({ tag, json, progress }: BuildCommandOptions, result: object): string {
  if (progress === 'json') return toJsonLine({ event: 'result', tags: tag, ...result })
  return json ? toJson({ tags: tag, ...result }) : tag.map((name) => `${name}\n`).join('')
}
