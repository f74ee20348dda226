import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type ContextEntry, readBuildContext } from '@capstan/build-context'
import { type BuildOptions, imageBuilderCapability } from '@capstan/core'
import { findTemporaryDirectory, type Operation, toFullName, toObjectLabels } from '@capstan/core/plugin'
import { isServiceGone, toErrorText } from '../apple-errors.js'
import type { AppleRuntimeContext } from '../apple-runtime-context.js'
import { toOption, toOptions, toPair } from '../cli/options.js'
import { BuildOutput } from './build-output.js'
import type { BuildQueue } from './build-queue.js'
import { prepareTagRestore } from './restore-tags.js'

export interface ImageBuild {
  readonly dockerfile: string
  readonly tag: string
  readonly options: BuildOptions
  readonly call: Operation
  readonly queue: BuildQueue
}

/**
 * Builds an image with `container build`, from a directory with the entries of the context that .dockerignore does not exclude.
 * The image gets all tags. After a failed or aborted build, every tag names its earlier image.
 */
export async function buildImage(context: AppleRuntimeContext, build: ImageBuild): Promise<void> {
  const { dockerfile, tag, options, call, queue } = build
  const directory = await mkdtemp(join(findTemporaryDirectory(context.env), 'capstan-build-'))
  try {
    const contextDirectory = join(directory, 'context')
    await mkdir(contextDirectory)
    const onOutsideLink = (target: string) => context.checkOption(imageBuilderCapability, 'build.contextLinks', target)
    for await (const entry of readBuildContext(options.context, { signal: call.signal, onOutsideLink }))
      await writeEntry(contextDirectory, entry)
    const file = join(directory, 'Dockerfile')
    await writeFile(file, dockerfile)
    const output = new BuildOutput(options.onProgress)
    const argv = [...toArguments(context, build), `--file=${file}`, contextDirectory]
    const onLine = (line: string) => output.push(line)
    const removeEarlierReferences = await prepareTagRestore(context, listTags(build), call)
    const run = () => context.cli.run(argv, { ...call, subject: tag, limit: 'buildMs', onLine })
    const settings = (options.dns ?? []).join()
    const result = await queue.run({ settings, signal: call.signal }, run)
    if (result.exitCode === 0) return await removeEarlierReferences()
    const text = toErrorText(result.stderr)
    if (isServiceGone(text)) throw context.toError(result, call)
    throw output.toError(text)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Lists the full names of all tags, each once: `app` and `app:latest` are one tag. */
function listTags({ tag, options: { tags = [] } }: ImageBuild): readonly string[] {
  return [...new Set([tag, ...tags].map(toFullName))]
}

function toArguments({ ownerLabels }: AppleRuntimeContext, build: ImageBuild): readonly string[] {
  const { tag, options } = build
  const { buildArgs = {}, labels, target, platform, noCache, pull, dns = [], tags = [] } = options
  const owned = toObjectLabels({ kind: 'image', tag, tags }, ownerLabels, labels)
  return [
    'build',
    '--progress=plain',
    ...toOptions('tag', listTags(build)),
    ...toOptions('build-arg', Object.entries(buildArgs).map(toPair)),
    ...toOptions('label', Object.entries(owned).map(toPair)),
    ...toOption('target', target),
    ...toOption('platform', platform),
    ...toOptions('dns', dns),
    ...(noCache ? ['--no-cache'] : []),
    ...(pull ? ['--pull'] : []),
  ]
}

/** Writes one entry. A directory without an entry of its own gets mode 0755, whatever the umask of this process is. */
async function writeEntry(contextDirectory: string, entry: ContextEntry): Promise<void> {
  const path = join(contextDirectory, entry.path)
  const first = await mkdir(dirname(path), { recursive: true })
  for (let made = dirname(path); first !== undefined && made.length >= first.length; made = dirname(made)) {
    await chmod(made, 0o755)
  }
  if (entry.type === 'directory') await mkdir(path, { recursive: true })
  else if (entry.type === 'symlink') return await symlink(entry.linkTarget ?? '', path)
  else await writeFile(path, entry.open())
  await chmod(path, entry.type === 'directory' ? entry.mode | 0o700 : entry.mode)
}
