import type { Argv, StringMap } from '@capstan/core/plugin'
import type { ReadonlyFileMap } from './files/file-map.js'
import type { MemoryProgram } from './memory-program.js'

/** The defaults of an image for its containers. */
export interface ImageConfig {
  readonly env: StringMap
  readonly user: string
  readonly workingDirectory: string
  readonly entrypoint: Argv
  readonly command: Argv
  readonly labels: StringMap
}

/** The programs of an image. Archives cannot contain functions, so they contain `key` instead. */
export interface ImagePrograms {
  /** The reference under which `memoryPlugin()` defined the programs. */
  readonly key: string
  readonly main: MemoryProgram | undefined
  readonly commands: ReadonlyMap<string, MemoryProgram>
}

/** The content of an image. Two images with equal content have the same id. */
export interface ImageContent {
  readonly config: ImageConfig
  readonly files: ReadonlyFileMap
  readonly programs: ImagePrograms
}

/** The configuration of an image that sets nothing. */
export const emptyImageConfig: ImageConfig = {
  env: {},
  user: '',
  workingDirectory: '/',
  entrypoint: [],
  command: [],
  labels: {},
}

/** Used for an image without programs of its own. Only commands of the plugin for which it has a file run in it. */
export const noPrograms: ImagePrograms = { key: '', main: undefined, commands: new Map() }
