import { DockerfileError } from './dockerfile-error.js'
import { expandWord } from './expand-word.js'
import type { DockerfileInstruction, ParsedDockerfile } from './parse-dockerfile.js'
import type { EscapeCharacter } from './parser-directives.js'
import { readPairs } from './read-pairs.js'

/** The stages of a Dockerfile. Variables are not expanded. */
export interface DockerfileStages {
  /** The ARGs before the first FROM. */
  readonly globals: readonly DockerfileInstruction[]
  readonly stages: readonly DockerfileStage[]
}

/** The instructions from one FROM to the next. */
export interface DockerfileStage {
  readonly from: DockerfileInstruction
  /** The image or the stage in FROM. */
  readonly base: string
  /** The value of `FROM --platform=`. */
  readonly platform: string | undefined
  /** The name in lower case: names of stages are case-insensitive. */
  readonly name: string | undefined
  readonly instructions: readonly DockerfileInstruction[]
}

/**
 * Splits a Dockerfile into its stages.
 *
 * @throws DockerfileError for an instruction other than ARG before the first FROM, for a Dockerfile without FROM, and for a
 * malformed FROM
 */
export function splitStages({ instructions }: Pick<ParsedDockerfile, 'instructions'>): DockerfileStages {
  const globals: DockerfileInstruction[] = []
  const stages: (DockerfileStage & { readonly instructions: DockerfileInstruction[] })[] = []
  for (const instruction of instructions) {
    const stage = stages.at(-1)
    if (instruction.keyword === 'FROM') stages.push({ ...readFrom(instruction), from: instruction, instructions: [] })
    else if (stage !== undefined) stage.instructions.push(instruction)
    else if (instruction.keyword === 'ARG') globals.push(instruction)
    else throw new DockerfileError('the first instruction must be FROM, or ARG', instruction.line)
  }
  if (stages.length === 0) throw new DockerfileError('the Dockerfile has no FROM')
  return { globals, stages }
}

function readFrom({ text, flags, line }: DockerfileInstruction): Pick<DockerfileStage, 'base' | 'platform' | 'name'> {
  const [base = '', as, name, ...rest] = text.split(/[\t\v\f\r ]+/)
  const isNamed = as?.toUpperCase() === 'AS' && name !== undefined && rest.length === 0
  if (base === '' || (as !== undefined && !isNamed)) {
    throw new DockerfileError('FROM must have an image, and AS a name', line)
  }
  return { base, platform: findFlag(flags, 'platform'), name: name?.toLowerCase() }
}

/**
 * Finds the index of the stage with the name of a target. Returns `undefined` if there is none.
 *
 * If several stages have the name, the classic builder uses the first and BuildKit the last.
 */
export function findTarget(
  stages: readonly DockerfileStage[],
  target: string,
  builder: DockerfileBuilder,
): number | undefined {
  const isTarget = ({ name }: DockerfileStage) => name === target.toLowerCase()
  const index = builder === 'classic' ? stages.findIndex(isTarget) : stages.findLastIndex(isTarget)
  return index === -1 ? undefined : index
}

/** Returns the value of `--name=value`, or `undefined` without such a flag. */
export function findFlag(flags: readonly string[], name: string): string | undefined {
  const prefix = `--${name}=`
  return flags.findLast((flag) => flag.startsWith(prefix))?.slice(prefix.length)
}

/** The builder that reads the Dockerfile: `classic` is the one of the engine's API. */
export type DockerfileBuilder = 'classic' | 'buildkit'

/** Options of `readGlobals`. */
export interface GlobalOptions {
  readonly escapeCharacter: EscapeCharacter
  readonly builder: DockerfileBuilder
  readonly buildArgs: Readonly<Record<string, string>>
  /** The variables that the builder sets itself, such as TARGETPLATFORM. */
  readonly variables: ReadonlyMap<string, string>
}

/**
 * Reads the variables that FROM can use: the ARGs before the first FROM, each with its build argument or its default, which can
 * use earlier variables.
 *
 * The classic builder differs from BuildKit: it expands all defaults of a line before it sets the first variable, also the
 * defaults that are not used; it unsets an ARG without a default and build argument; and it sets the proxy variables of the
 * build arguments without an ARG.
 *
 * @throws DockerfileError for a default that cannot be expanded.
 */
export function readGlobals(
  globals: readonly DockerfileInstruction[],
  { escapeCharacter, builder, buildArgs, variables }: GlobalOptions,
): ReadonlyMap<string, string> {
  const isClassic = builder === 'classic'
  const values = new Map(
    isClassic ? [...variables, ...Object.entries(buildArgs).filter(([name]) => proxyName.test(name))] : variables,
  )
  for (const instruction of globals) {
    const known = isClassic ? new Map(values) : values
    for (const { name, value } of readPairs(instruction, escapeCharacter)) {
      const given = Object.hasOwn(buildArgs, name) ? buildArgs[name] : undefined
      const isRead = value !== undefined && (isClassic || given === undefined)
      const chosen = isRead ? expandWord(value, { variables: known, escapeCharacter }) : undefined
      if ((given ?? chosen) !== undefined) values.set(name, given ?? chosen ?? '')
      else if (isClassic) values.delete(name)
    }
  }
  return values
}

const proxyName = /^((HTTP|HTTPS|FTP|NO)_PROXY|(http|https|ftp|no)_proxy)$/
