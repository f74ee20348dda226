import { type ContextEntry, readBuildContext } from '@capstan/build-context'
import type { BuildOptions } from '@capstan/core'
import { type ImageContent, toHistory } from '../image-content.js'
import { applyInstruction, checkFlags } from './apply-instruction.js'
import { createBuildError } from './build-error.js'
import { type Build, type BuildEnvironment, createStage, toContent } from './build-stage.js'
import { type DockerfileInstruction, formatInstruction } from './dockerfile-instruction.js'
import { expand } from './expand.js'
import { type DockerfileStage, type ParsedDockerfile, parseDockerfile } from './parse-dockerfile.js'
import { resolveImage } from './resolve-image.js'

/** Runs the instructions of a Dockerfile up to its target stage. Resolves with the content of the image. */
export async function runDockerfile(
  dockerfile: string,
  options: BuildOptions,
  environment: BuildEnvironment,
): Promise<ImageContent> {
  const parsed = parseDockerfile(dockerfile)
  const stages = selectStages(parsed, options.target)
  const context = await readContext(options, environment)
  const globals = toGlobals(parsed, options)
  const progress = createProgress(options, stages)
  const build: Build = { ...environment, ...progress, options, context, globals, stages: new Map() }
  let content: ImageContent | undefined
  for (const [index, stage] of stages.entries()) {
    content = await buildStage(build, stage)
    build.stages.set(String(index), content)
    if (stage.name !== undefined) build.stages.set(stage.name, content)
  }
  if (content === undefined) throw createBuildError(undefined, 'the Dockerfile has no FROM')
  return content
}

async function buildStage(build: Build, { from, base, instructions }: DockerfileStage): Promise<ImageContent> {
  build.startStep(from)
  checkFlags(from)
  const stage = createStage(await resolveImage(build, expand(from, base, build.globals), from))
  for (const instruction of instructions) {
    build.signal.throwIfAborted()
    build.startStep(instruction)
    const before = new Map(stage.files)
    await applyInstruction({ build, stage, instruction })
    const changed = new Map([...stage.files].filter(([path, entry]) => before.get(path) !== entry))
    stage.history.push(...toHistory(formatInstruction(instruction), changed))
  }
  return toContent(stage)
}

/** Returns the stages up to the target, which is a name or a number, or all stages. */
function selectStages({ stages }: ParsedDockerfile, target: string | undefined): readonly DockerfileStage[] {
  if (target === undefined) return stages
  const index = stages.findIndex(({ name }, at) => name === target.toLowerCase() || String(at) === target)
  if (index === -1) throw createBuildError(undefined, `the Dockerfile has no stage "${target}"`)
  return stages.slice(0, index + 1)
}

function toGlobals(
  dockerfile: ParsedDockerfile,
  { buildArgs = {}, platform = ownPlatform }: BuildOptions,
): ReadonlyMap<string, string> {
  const variables = [...toPlatformArguments('TARGET', platform), ...toPlatformArguments('BUILD', ownPlatform)]
  return dockerfile.readGlobals(buildArgs, new Map(variables))
}

/** https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope */
function toPlatformArguments(prefix: string, platform: string): readonly (readonly [string, string])[] {
  const [system = '', architecture = '', variant = ''] = platform.split('/')
  return [
    [`${prefix}PLATFORM`, platform],
    [`${prefix}OS`, system],
    [`${prefix}ARCH`, architecture],
    [`${prefix}VARIANT`, variant],
  ]
}

async function readContext(
  { context }: BuildOptions,
  { signal, onOutsideLink }: BuildEnvironment,
): Promise<ReadonlyMap<string, ContextEntry>> {
  const entries = new Map<string, ContextEntry>()
  for await (const entry of readBuildContext(context, { signal, onOutsideLink })) entries.set(entry.path, entry)
  return entries
}

/** Creates functions that report each step and its output to `onProgress`. */
function createProgress({ onProgress }: BuildOptions, stages: readonly DockerfileStage[]) {
  const totalSteps = stages.reduce((sum, { instructions }) => sum + instructions.length + 1, 0)
  let step = 0
  const report = (text: string, stream: 'stdout' | 'stderr' = 'stdout') =>
    onProgress?.({ step, totalSteps, text, stream })
  const startStep = (instruction: DockerfileInstruction) => {
    step += 1
    report(`Step ${step}/${totalSteps} : ${formatInstruction(instruction)}`)
  }
  return { report, startStep }
}

const ownPlatform = `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`
