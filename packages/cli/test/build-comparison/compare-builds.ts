import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { requestEngine } from '../../../../tools/engine/engine-request.mjs'
import type { GeneratedBuild } from './build-draft.js'
import type { Builder } from './builders.js'
import type { FailureKind } from './failure-kind.js'
import { compareImages } from './image-difference.js'
import { placeContext } from './place-context.js'
import { type SavedImage, saveImage } from './saved-image.js'

/** A builder, and the function that reads its errors. */
export interface ComparedBuilder {
  readonly name: string
  readonly builder: Builder
  toFailure(error: string): FailureKind
}

export interface CompareOptions {
  readonly builders: readonly [ComparedBuilder, ComparedBuilder]
  readonly socketPath: string
}

/** The comparison of one build. */
export interface BuildComparison {
  readonly build: GeneratedBuild
  /** What both builders did: `built`, or the kind of the failure of the first one. */
  readonly outcome: string
  /** A line for each difference. */
  readonly differences: readonly string[]
}

/** Builds with both builders, one after the other, compares the images or the failures, and removes the images. */
export async function compareBuild(build: GeneratedBuild, options: CompareOptions): Promise<BuildComparison> {
  const directory = await mkdtemp(join(tmpdir(), 'capstan-compared-build-'))
  const tags = options.builders.map((_, index) => `capstan-compared:${process.pid}-${build.seed}-${index}`)
  const builtAfter = Math.floor(Date.now() / 1000)
  try {
    const results = await runBuilders(build, options, { directory, tags })
    const [one, other] = results.map(({ image }) => image)
    const differences =
      one !== undefined && other !== undefined
        ? compareImages([one, other], { builtAfter })
        : compareFailures(results.map(({ failure }) => failure))
    return { build, outcome: results[0]?.failure?.kind ?? 'built', differences }
  } finally {
    const { socketPath } = options
    for (const tag of tags)
      await requestEngine({ protocol: 'http:', socketPath }, `/images/${tag}`, { method: 'DELETE' })
    await rm(directory, { recursive: true, force: true })
  }
}

/** The image or the failure of one builder. */
interface BuilderResult {
  readonly image?: SavedImage
  readonly failure?: FailureKind
}

async function runBuilders(
  build: GeneratedBuild,
  { builders, socketPath }: CompareOptions,
  { directory, tags }: { readonly directory: string; readonly tags: readonly string[] },
): Promise<readonly BuilderResult[]> {
  // docker's client lets builds share files whose directories have the same name, also where their contents differ.
  const context = join(directory, `context-${basename(directory)}`)
  await mkdir(context)
  await placeContext(context, build.files)
  const secrets = await writeSecrets(join(directory, 'secrets'), build.secrets)
  const results: BuilderResult[] = []
  for (const [index, tag] of tags.entries()) {
    const { builder, toFailure } = builders[index] ?? builders[0]
    const { error } = await builder.build({ build, directory: context, tag, secrets })
    results.push(error === undefined ? { image: await saveImage(socketPath, tag) } : { failure: toFailure(error) })
  }
  return results
}

function compareFailures([one, other]: readonly (FailureKind | undefined)[]): readonly string[] {
  const [left, right] = [one?.kind ?? 'built', other?.kind ?? 'built']
  if (left !== right) return [`${left} / ${right}`]
  const lines = [one?.line, other?.line]
  const areDifferent = !lines.includes(undefined) && lines[0] !== lines[1]
  return areDifferent ? [`${left} in line ${lines[0]} / ${lines[1]}`] : []
}

async function writeSecrets(directory: string, secrets: GeneratedBuild['secrets']): Promise<Record<string, string>> {
  await mkdir(directory)
  const paths: Record<string, string> = {}
  for (const [id, value] of Object.entries(secrets)) {
    paths[id] = join(directory, id)
    await writeFile(join(directory, id), value)
  }
  return paths
}
