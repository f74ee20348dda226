import { type LabelledImageConfig, parseOciImageConfig } from '@capstan/core/plugin'
import { type ReadonlyFileMap, sizeOfFiles } from './files/file-map.js'
import type { MemoryProgram } from './memory-program.js'

/** The programs of an image. Archives cannot contain functions, so they contain `key` instead. */
export interface ImagePrograms {
  /** The reference under which `memoryPlugin()` defined the programs. */
  readonly key: string
  readonly main: MemoryProgram | undefined
  readonly commands: ReadonlyMap<string, MemoryProgram>
}

/** The content of an image. Two images with equal content have the same id, also with another history. */
export interface ImageContent {
  readonly config: LabelledImageConfig
  readonly files: ReadonlyFileMap
  readonly programs: ImagePrograms
  /** The steps of the creation, the first one first. */
  readonly history: readonly ImageStep[]
  /** Default: none. */
  readonly author?: string
}

/** A step of the creation of an image. */
export interface ImageStep {
  readonly createdAt: Date | undefined
  readonly createdBy: string
  readonly sizeBytes: number
  readonly comment: string
}

/** Creates the history of an image that one step has created. */
export function toHistory(createdBy: string, files: ReadonlyFileMap): readonly ImageStep[] {
  return [{ createdAt: undefined, createdBy, sizeBytes: sizeOfFiles(files), comment: '' }]
}

/** The configuration of an image that sets nothing. */
export const emptyImageConfig: LabelledImageConfig = parseOciImageConfig({})

/** Used for an image without programs of its own. Only commands of the plugin for which it has a file run in it. */
export const noPrograms: ImagePrograms = { key: '', main: undefined, commands: new Map() }
