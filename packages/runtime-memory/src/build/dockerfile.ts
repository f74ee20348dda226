import {
  DockerfileParser,
  type Instruction,
  JSONInstruction,
  ModifiableInstruction,
  type Property,
  PropertyInstruction,
} from 'dockerfile-ast'
import { createBuildError } from './build-error.js'
import type { DockerfileInstruction, DockerfilePair } from './instruction.js'

/** From one FROM to the next. */
export interface DockerfileStage {
  readonly from: DockerfileInstruction
  /** What FROM names, variables not yet replaced. */
  readonly base: string
  readonly name: string | undefined
  readonly instructions: readonly DockerfileInstruction[]
}

/** A Dockerfile as its stages; variables are not yet replaced. */
export interface ParsedDockerfile {
  /** ARGs before the first FROM. */
  readonly globals: readonly DockerfileInstruction[]
  readonly stages: readonly DockerfileStage[]
}

/** The stages of a Dockerfile, from its text. Something before the first FROM, or none: BUILD_FAILED. */
export function parseDockerfile(text: string): ParsedDockerfile {
  const globals: DockerfileInstruction[] = []
  const stages: {
    from: DockerfileInstruction
    base: string
    name: string | undefined
    instructions: DockerfileInstruction[]
  }[] = []
  const dockerfile = DockerfileParser.parse(text)
  const escapeCharacter = dockerfile.getEscapeCharacter()
  for (const instruction of dockerfile.getInstructions().map((found) => toInstruction(found, escapeCharacter))) {
    const stage = stages.at(-1)
    if (instruction.keyword === 'FROM') stages.push({ ...parseFrom(instruction), instructions: [] })
    else if (stage !== undefined) stage.instructions.push(instruction)
    else if (instruction.keyword === 'ARG') globals.push(instruction)
    else throw createBuildError(instruction, 'the first instruction must be FROM, or ARG')
  }
  if (stages.length === 0) throw createBuildError(undefined, 'the Dockerfile has no FROM')
  return { globals, stages }
}

function parseFrom(from: DockerfileInstruction) {
  const [base, as, name, ...rest] = from.text.split(/\s+/)
  const isNamed = as?.toUpperCase() === 'AS' && name !== undefined && rest.length === 0
  if (!base || (as !== undefined && !isNamed)) throw createBuildError(from, 'FROM takes an image, and AS a name')
  return { from, base, name: name?.toLowerCase() }
}

function toInstruction(instruction: Instruction, escapeCharacter: string): DockerfileInstruction {
  const text = joinLines(instruction.getRawArgumentsContent() ?? '', escapeCharacter)
  return {
    keyword: instruction.getKeyword().toUpperCase(),
    line: instruction.getRange().start.line + 1,
    text,
    words: instruction instanceof JSONInstruction ? parseWords(text) : undefined,
    flags: toFlags(instruction),
    pairs: instruction instanceof PropertyInstruction ? instruction.getProperties().map(toPair) : [],
  }
}

/** Continued lines as one; comment lines between them count for nothing. */
function joinLines(text: string, escapeCharacter: string): string {
  const lines = text.split('\n').filter((line, index) => index === 0 || !/^\s*#/.test(line))
  return lines
    .map((line) => line.trimEnd())
    .map((line) => (line.endsWith(escapeCharacter) ? line.slice(0, -1) : `${line}\n`))
    .join('')
    .trim()
}

/** None for an instruction that takes none. */
function toFlags(instruction: Instruction): ReadonlyMap<string, string> {
  const flags = instruction instanceof ModifiableInstruction ? instruction.getFlags() : []
  return new Map(flags.map((flag) => [flag.getName(), flag.getValue() ?? '']))
}

function parseWords(text: string): readonly string[] | undefined {
  if (!text.startsWith('[')) return undefined
  try {
    const words: unknown = JSON.parse(text)
    return Array.isArray(words) && words.every((word) => typeof word === 'string') ? words : undefined
  } catch {
    // As every builder: what is no JSON is a command for the shell.
    return undefined
  }
}

function toPair(property: Property): DockerfilePair {
  const isLiteral = property.getUnescapedValue()?.startsWith("'") ?? false
  return { name: property.getName(), value: property.getValue() ?? undefined, isLiteral }
}
