import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AvailableTestEngine, testEngine } from '../../../../test/support/test-engine.js'
import { requestEngine } from '../../../../tools/engine/engine-request.mjs'
import { findBuildx } from '../../../../tools/engines/docker-buildx.mjs'
import { scratch } from '../../../../tools/workspace.mjs'
import { BuildDraft, type ContextFile, type GeneratedBuild } from './build-draft.js'
import { type Builder, type BuilderRequest, createCapstanBuilder, createDockerBuilder } from './builders.js'
import { type BuildComparison, type ComparedBuilder, compareBuild } from './compare-builds.js'
import { toCapstanFailure, toDockerFailure } from './failure-kind.js'
import { generateBuilds } from './generated-build.js'
import { placeContext } from './place-context.js'

const given = await findGiven()
if ('problem' in given) console.warn(`Comparisons of builds are skipped: ${given.problem}`)
const { CAPSTAN_COMPARED_BUILDS = '10', CAPSTAN_COMPARED_SEED = '0' } = process.env

describe.skipIf('problem' in given)('builds of generated Dockerfiles', () => {
  const { engine, buildx } = 'problem' in given ? placeholder : given
  const { socketPath, image } = engine
  let configDirectory = ''
  let docker: ComparedBuilder

  beforeAll(async () => {
    configDirectory = await mkdtemp(join(tmpdir(), 'capstan-docker-config-'))
    const builder = createDockerBuilder({ buildx, socketPath, configDirectory })
    docker = { name: 'docker build', builder, toFailure: toDockerFailure }
  })
  afterAll(() => rm(configDirectory, { recursive: true }))

  const compareAll = async (builds: readonly GeneratedBuild[], other: ComparedBuilder) => {
    const waiting = builds.values()
    const comparisons: BuildComparison[] = []
    const work = async () => {
      for (const build of waiting)
        comparisons.push(await compareBuild(build, { builders: [docker, other], socketPath }))
    }
    await Promise.all(Array.from({ length: concurrency }, work))
    return comparisons.sort((a, b) => a.build.seed - b.build.seed)
  }

  test('by docker build and capstan build have equal images, or fail for the same reason', async () => {
    const { CAPSTAN_COMPARED_WITH, ...env } = process.env
    const builder = createCapstanBuilder({ socketPath, env: { ...env, DOCKER_HOST: `unix://${socketPath}` } })
    const capstan = { name: 'capstan build', builder, toFailure: toCapstanFailure }
    const options = { count: Number(CAPSTAN_COMPARED_BUILDS), first: Number(CAPSTAN_COMPARED_SEED), image }
    // A comparison of docker build with itself shows which differences are not Capstan's.
    const comparisons = await compareAll(generateBuilds(options), CAPSTAN_COMPARED_WITH === 'docker' ? docker : capstan)
    const report = await writeReport(comparisons)
    console.info(report.summary)
    expect(report.differences).toEqual([])
  }, 7_200_000)

  test('twice by docker build have no differences', async () => {
    const comparisons = await compareAll(generateBuilds({ count: 4, first: 2, image }), docker)
    expect(comparisons.flatMap(toDifference)).toEqual([])
  })

  test.each<PlantedDifference>([
    { difference: 'a mode of a file', found: '/context/a', files: { a: { ...file, mode: 0o600 } } },
    { difference: 'a byte of a file', found: '/context/a', files: { a: { ...file, content: 'Text' } } },
    { difference: 'a time of a file', found: '/context/a', files: { a: { ...file, seconds: 1_700_000_001 } } },
    { difference: 'a target of a link', found: '/context/b', files: { b: { linkTo: 'd' } } },
    { difference: 'a mode of a directory', found: '/context/d', files: { d: { ...directory, directoryMode: 0o700 } } },
    { difference: 'an additional file', found: '/context/more', files: { more: file } },
    { difference: 'a file in place of a hard link', found: 'hard links', files: { c: file } },
    { difference: 'an owner', found: '/made', steps: ['RUN chown 1 /made'] },
    { difference: 'a missing file', found: '/linuxrc', steps: ['RUN rm /linuxrc'] },
    { difference: 'a command', found: 'config.config.Cmd.0', steps: ['CMD ["b"]'] },
    { difference: 'a variable', found: 'config.config.Env.1', steps: ['ENV A=1'] },
    { difference: 'a label', found: 'config.config.Labels.a', steps: ['LABEL a=1'] },
    { difference: 'a failing step', found: 'built / a step exits with 3', steps: ['RUN exit 3'] },
  ])('are compared: $difference is found', async ({ found, files = {}, steps = [] }) => {
    const other = toBuild({ ...plainFiles, ...files }, [...plainSteps, ...steps])
    const builder: Builder = { build: (request) => buildInstead(other, request) }
    const [comparison] = await compareAll([toBuild(plainFiles, plainSteps)], { ...docker, builder })
    expect(comparison?.differences.filter((line) => line.startsWith(found))).toHaveLength(1)
  })

  const toBuild = (files: Readonly<Record<string, ContextFile>>, steps: readonly string[]) => {
    const draft = new BuildDraft(0, image)
    draft.steps.push(...steps)
    const build = draft.toBuild(0, [])
    return { ...build, files: new Map([...Object.entries(files), ...build.files]) }
  }

  /** Builds another build than the requested one. */
  const buildInstead = async (build: GeneratedBuild, request: BuilderRequest) => {
    const directory = await mkdtemp(join(tmpdir(), 'capstan-planted-'))
    try {
      await placeContext(directory, build.files)
      return await docker.builder.build({ ...request, directory })
    } finally {
      await rm(directory, { recursive: true })
    }
  }
})

interface PlantedDifference {
  readonly difference: string
  /** The beginning of the line that reports it. */
  readonly found: string
  /** Files that replace or add to those of the first build. */
  readonly files?: Readonly<Record<string, ContextFile>>
  /** Instructions in addition to those of the first build. */
  readonly steps?: readonly string[]
}

const file = { content: 'text', mode: 0o644, seconds: 1_700_000_000 } as const
const directory = { directoryMode: 0o755, seconds: 1_700_000_000 } as const
const plainFiles: Readonly<Record<string, ContextFile>> = {
  a: file,
  b: { linkTo: 'a' },
  c: { sameAs: 'a' },
  d: directory,
}
const plainSteps = ['COPY . /context/', 'RUN echo text >/made', 'CMD ["a"]']

async function findGiven(): Promise<Given | { readonly problem: string }> {
  if (!testEngine.available) return { problem: testEngine.reason }
  const { socketPath } = testEngine
  const { headers } = await requestEngine({ protocol: 'http:', socketPath }, '/_ping')
  if (headers['builder-version'] !== '2') return { problem: 'the engine does not use BuildKit by default' }
  const buildx = findBuildx()
  if (buildx === undefined) return { problem: 'node tools/engines/docker-buildx.mjs up has not been run' }
  return { engine: testEngine, buildx }
}

interface Given {
  readonly engine: Pick<AvailableTestEngine, 'socketPath' | 'image'>
  readonly buildx: string
}

const placeholder: Given = { engine: { socketPath: '', image: '' }, buildx: '' }

/** Writes all comparisons to a file, and returns the differences. */
async function writeReport(comparisons: readonly BuildComparison[]) {
  const path = join(scratch, 'build-comparison.json')
  await mkdir(scratch, { recursive: true })
  await writeFile(path, `${JSON.stringify(comparisons.map(toRecord), undefined, 2)}\n`)
  const differences = comparisons.flatMap(toDifference)
  const built = comparisons.filter(({ outcome }) => outcome === 'built').length
  const summary = `${comparisons.length} builds, ${built} built, ${differences.length} with differences; see ${path}`
  return { summary, differences }
}

function toDifference(comparison: BuildComparison): readonly unknown[] {
  return comparison.differences.length === 0 ? [] : [toRecord(comparison)]
}

function toRecord({ build, outcome, differences }: BuildComparison) {
  const { seed, parts, files, dockerfile, buildArgs, target } = build
  const written = files.get(dockerfile)
  const text = written !== undefined && 'content' in written ? written.content.toString() : ''
  return { seed, parts, outcome, differences, buildArgs, target, dockerfile: text.split('\n') }
}

const concurrency = 2
