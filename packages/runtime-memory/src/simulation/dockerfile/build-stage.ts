import type { ContextEntry } from '@capstan/build-context'
import type { BuildOptions } from '@capstan/core'
import type { FileMap, ReadonlyFileMap } from '../files/file-map.js'
import type { ImageConfig, ImageContent, ImagePrograms } from '../image-content.js'
import type { MemoryProgram } from '../memory-program.js'
import type { DockerfileInstruction } from './instruction.js'

/** What a build uses of the engine. */
export interface BuildEnvironment {
  readonly signal: AbortSignal
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
  /** Of the context, by path. */
  readonly context: ReadonlyMap<string, ContextEntry>
  /** Values of ARGs before the first FROM. */
  readonly globals: ReadonlyMap<string, string>
  /** The stages that are done, by name and by number. */
  readonly stages: Map<string, ImageContent>
  readonly report: (text: string, stream?: 'stdout' | 'stderr') => void
}

/** One instruction at work on its stage. */
export interface InstructionCall {
  readonly build: Build
  readonly stage: BuildStage
  readonly instruction: DockerfileInstruction
}

/** The image that a stage is making. */
export interface BuildStage {
  config: ImageConfig
  /** Of ARGs. */
  readonly arguments: Map<string, string>
  /** Whether the stage has set the command itself. */
  hasCommand: boolean
  readonly files: FileMap
  readonly programs: ImagePrograms
}

/** A stage that begins as its base is, with files of its own. */
export function createStage({ config, files, programs }: ImageContent): BuildStage {
  return { config, files: new Map(files), programs, arguments: new Map(), hasCommand: false }
}

/** What `$NAME` means in an instruction: ENV wins over ARG. */
export function toVariables(stage: BuildStage): ReadonlyMap<string, string> {
  return new Map([...stage.arguments, ...Object.entries(stage.config.env)])
}

/** The files of a stage are its own: what it makes of them later is not seen. */
export function toContent({ config, files, programs }: BuildStage): ImageContent {
  return { config, programs, files: new Map(files) satisfies ReadonlyFileMap }
}
