import type { ContextEntry } from '@capstan/build-context'
import type { BuildOptions } from '@capstan/core'
import type { LabelledImageConfig } from '@capstan/core/plugin'
import type { FileMap, ReadonlyFileMap } from '../files/file-map.js'
import type { ImageContent, ImagePrograms, ImageStep } from '../image-content.js'
import type { MemoryProgram } from '../memory-program.js'
import type { DockerfileInstruction } from './dockerfile-instruction.js'

/** The functions and commands of the engine that a build uses. */
export interface BuildEnvironment {
  readonly signal: AbortSignal
  /** Throws if links out of the directory of the context are unsupported. */
  onOutsideLink(target: string): void
  /** The commands of the plugin. */
  readonly commands: ReadonlyMap<string, MemoryProgram>
  /** Resolves in a later turn of the event loop. */
  nextTurn(): Promise<void>
  findImage(reference: string): ImageContent | undefined
  pullImage(reference: string): Promise<ImageContent>
}

/** What all stages of one build share. */
export interface Build extends BuildEnvironment {
  readonly options: BuildOptions
  /** The entries of the build context by path. */
  readonly context: ReadonlyMap<string, ContextEntry>
  /** The automatic platform variables, and the ARGs before the first FROM. */
  readonly globals: ReadonlyMap<string, string>
  /** The finished stages by name and by number. */
  readonly stages: Map<string, ImageContent>
  /** Reports a line of output of the current step. */
  readonly report: (text: string, stream?: 'stdout' | 'stderr') => void
  /** Reports that the step of the instruction starts. */
  readonly startStep: (instruction: DockerfileInstruction) => void
}

/** An instruction and the stage that it changes. */
export interface InstructionCall {
  readonly build: Build
  readonly stage: BuildStage
  readonly instruction: DockerfileInstruction
}

/** The image that a stage builds. */
export interface BuildStage {
  config: LabelledImageConfig
  /** The values of ARGs. */
  readonly arguments: Map<string, string>
  /** Whether a CMD of this stage has set the command, rather than the base image. */
  hasCommand: boolean
  readonly files: FileMap
  /** The steps of the base image and those of the finished instructions. */
  readonly history: ImageStep[]
  readonly programs: ImagePrograms
}

/** Creates a stage from its base image, with a copy of the files. */
export function createStage({ config, files, programs, history }: ImageContent): BuildStage {
  return { config, files: new Map(files), programs, history: [...history], arguments: new Map(), hasCommand: false }
}

/** Returns the variables of an instruction. ENV overrides ARG. */
export function toVariables(stage: BuildStage): ReadonlyMap<string, string> {
  return new Map([...stage.arguments, ...Object.entries(stage.config.env)])
}

/** Copies the content of a stage, so that later changes of the stage do not affect it. */
export function toContent({ config, files, programs, history }: BuildStage): ImageContent {
  return { config, programs, history: [...history], files: new Map(files) satisfies ReadonlyFileMap }
}
