import {
  DockerfileError,
  type EscapeCharacter,
  type DockerfileInstruction as ParsedInstruction,
  parseDockerfile as parse,
  readGlobals,
  readPairs,
  splitStages,
  toWordList,
} from '@capstan/build-context/dockerfile'
import type { StringMap } from '@capstan/core/plugin'
import { createBuildError } from './build-error.js'
import type { DockerfileInstruction } from './dockerfile-instruction.js'

/** The instructions from one FROM to the next. */
export interface DockerfileStage {
  readonly from: DockerfileInstruction
  /** The name in FROM before variables are replaced. */
  readonly base: string
  readonly name: string | undefined
  readonly instructions: readonly DockerfileInstruction[]
}

/** A parsed Dockerfile. Its variables are not replaced yet. */
export interface ParsedDockerfile {
  readonly stages: readonly DockerfileStage[]
  /** Returns the variables of FROM: the given `variables`, and the ARGs before the first FROM with their values. */
  readGlobals(buildArgs: StringMap, variables: ReadonlyMap<string, string>): ReadonlyMap<string, string>
}

/**
 * Parses a Dockerfile into stages.
 *
 * @throws HostError BUILD_FAILED for an invalid Dockerfile, with the instruction if there is one
 */
export function parseDockerfile(text: string): ParsedDockerfile {
  const { instructions, escapeCharacter } = withBuildErrors(() => parse(text))
  const convert = (instruction: ParsedInstruction) => toInstruction(instruction, escapeCharacter)
  const converted = instructions.map(convert)
  const { globals, stages } = withBuildErrors(() => splitStages({ instructions }), converted)
  return {
    stages: stages.map(({ from, base, name, instructions: own }) => {
      return { from: convert(from), base, name, instructions: own.map(convert) }
    }),
    readGlobals: (buildArgs, variables) => {
      const options = { escapeCharacter, builder: 'buildkit', buildArgs, variables } as const
      return withBuildErrors(() => readGlobals(globals, options), converted)
    },
  }
}

function withBuildErrors<T>(read: () => T, instructions: readonly DockerfileInstruction[] = []): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error
    const { line, message } = error
    const at = instructions.find((instruction) => instruction.line === line)
    const reason = line === undefined || at !== undefined ? message : `line ${line}: ${message}`
    throw createBuildError(at, reason, { cause: error })
  }
}

function toInstruction(instruction: ParsedInstruction, escapeCharacter: EscapeCharacter): DockerfileInstruction {
  const { keyword, line, text, flags, heredocs } = instruction
  return {
    keyword,
    line,
    text,
    words: ['RUN', 'CMD', 'ENTRYPOINT', 'SHELL', 'COPY', 'ADD', 'VOLUME'].includes(keyword)
      ? toWordList(text)
      : undefined,
    flags: new Map(flags.map(toFlag)),
    pairs: ['ARG', 'ENV', 'LABEL'].includes(keyword) ? readPairs(instruction, escapeCharacter) : [],
    escapeCharacter,
    hasHeredocs: heredocs.length > 0,
  }
}

function toFlag(flag: string): readonly [string, string] {
  const [, name = '', value = ''] = /^--([^=]*)(?:=([\s\S]*))?$/.exec(flag) ?? []
  return [name, value]
}
