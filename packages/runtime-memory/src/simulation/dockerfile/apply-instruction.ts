import { posix } from 'node:path'
import { parseOciImageConfig } from '@capstan/core/plugin'
import { applyCopy } from './apply-copy.js'
import { applyHealthcheck } from './apply-healthcheck.js'
import { applyRun } from './apply-run.js'
import { createBuildError } from './build-error.js'
import { type BuildStage, type InstructionCall, toVariables } from './build-stage.js'
import { type DockerfileInstruction, toCommandLine } from './dockerfile-instruction.js'
import { expand } from './expand.js'

/** Applies an instruction to its stage. Throws BUILD_FAILED for an unknown instruction, flag or here-document. */
export async function applyInstruction(call: InstructionCall): Promise<void> {
  const { keyword, hasHeredocs } = call.instruction
  const apply = instructions.get(keyword)
  if (apply === undefined) throw createUnsupportedError(call.instruction, keyword)
  checkFlags(call.instruction)
  if (hasHeredocs) throw createUnsupportedError(call.instruction, 'here-documents')
  await apply(call)
}

/** @throws HostError BUILD_FAILED when the instruction has an unknown flag */
export function checkFlags(instruction: DockerfileInstruction): void {
  const known = flags.get(instruction.keyword) ?? []
  const unknown = [...instruction.flags.keys()].find((flag) => !known.includes(flag))
  if (unknown !== undefined) throw createUnsupportedError(instruction, `--${unknown}`)
}

function createUnsupportedError(instruction: DockerfileInstruction, what: string): Error {
  return createBuildError(instruction, `the simulated builder does not support ${what}`)
}

/** Simulated files have no owners, and images no layers and no platform: `chown`, `link` and `platform` have no effect. */
const flags: ReadonlyMap<string, readonly string[]> = new Map([
  ['COPY', ['from', 'chmod', 'chown', 'link']],
  ['FROM', ['platform']],
  // The interval in the start period has no effect: simulated checks have one interval.
  ['HEALTHCHECK', ['interval', 'timeout', 'start-period', 'start-interval', 'retries']],
])
const instructions = new Map<string, (call: InstructionCall) => void | Promise<void>>([
  ['ARG', applyArg],
  ['CMD', applyCommand],
  ['COPY', applyCopy],
  ['ENTRYPOINT', applyEntrypoint],
  ['ENV', applyEnv],
  ['EXPOSE', applyExpose],
  ['HEALTHCHECK', applyHealthcheck],
  ['LABEL', applyLabel],
  ['RUN', applyRun],
  ['STOPSIGNAL', applyStopSignal],
  ['USER', applyUser],
  ['VOLUME', applyVolume],
  ['WORKDIR', applyWorkdir],
])

function applyArg({ build, stage, instruction }: InstructionCall): void {
  for (const { name, value } of instruction.pairs) {
    const fallback = value === undefined ? build.globals.get(name) : expand(instruction, value, toVariables(stage))
    const given = build.options.buildArgs?.[name] ?? fallback
    if (given !== undefined) stage.arguments.set(name, given)
  }
}

function applyEnv({ stage, instruction }: InstructionCall): void {
  stage.config = { ...stage.config, env: { ...stage.config.env, ...toRecord(stage, instruction) } }
}

function applyLabel({ stage, instruction }: InstructionCall): void {
  stage.config = { ...stage.config, labels: { ...stage.config.labels, ...toRecord(stage, instruction) } }
}

function applyUser({ stage, instruction }: InstructionCall): void {
  stage.config = { ...stage.config, user: requireText(stage, instruction) }
}

function applyWorkdir({ stage, instruction }: InstructionCall): void {
  const workingDirectory = posix.resolve(stage.config.workingDirectory, requireText(stage, instruction))
  stage.config = { ...stage.config, workingDirectory }
  makeDirectory(stage, workingDirectory)
}

/** Exposes ports such as `80` or `53/udp`, which has no effect on containers. */
function applyExpose({ stage, instruction }: InstructionCall): void {
  const existing = stage.config.exposedPorts.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`)
  const added = requireText(stage, instruction).split(/\s+/)
  const keys = [...existing, ...added.map((port) => (port.includes('/') ? port : `${port}/tcp`))]
  const { exposedPorts } = parseOciImageConfig({ ExposedPorts: Object.fromEntries(keys.map((key) => [key, {}])) })
  stage.config = { ...stage.config, exposedPorts }
}

function applyStopSignal({ stage, instruction }: InstructionCall): void {
  stage.config = { ...stage.config, stopSignal: requireText(stage, instruction) }
}

function applyVolume({ stage, instruction }: InstructionCall): void {
  const added = instruction.words ?? requireText(stage, instruction).split(/\s+/)
  const paths = added.map((path) => posix.resolve('/', path))
  for (const path of paths) makeDirectory(stage, path)
  stage.config = { ...stage.config, volumes: [...new Set([...stage.config.volumes, ...paths])].sort() }
}

function makeDirectory(stage: BuildStage, path: string): void {
  if (!stage.files.has(path)) stage.files.set(path, { type: 'directory', mode: 0o755 })
}

function applyCommand({ stage, instruction }: InstructionCall): void {
  stage.config = { ...stage.config, command: toCommandLine(instruction) }
  stage.hasCommand = true
}

/** ENTRYPOINT clears the command of the base image, as Docker does. A CMD of the same stage stays. */
function applyEntrypoint({ stage, instruction }: InstructionCall): void {
  const command = stage.hasCommand ? stage.config.command : []
  stage.config = { ...stage.config, entrypoint: toCommandLine(instruction), command }
}

function toRecord(stage: BuildStage, instruction: DockerfileInstruction): Readonly<Record<string, string>> {
  const variables = toVariables(stage)
  return Object.fromEntries(
    instruction.pairs.map(({ name, value }) => {
      if (value === undefined) throw createBuildError(instruction, `${name} has no value`)
      return [name, expand(instruction, value, variables)]
    }),
  )
}

function requireText(stage: BuildStage, instruction: DockerfileInstruction): string {
  const text = expand(instruction, instruction.text, toVariables(stage))
  if (text === '') throw createBuildError(instruction, `${instruction.keyword} requires a value`)
  return text
}
