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

/** The programs of an image. Archives cannot contain them, so they contain `key`. */
export interface ImagePrograms {
  readonly key: string
  readonly main: MemoryProgram | undefined
  readonly commands: ReadonlyMap<string, MemoryProgram>
}

/** The content of an image. Equal content is the same image. */
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

/** The programs of an image that only has files. The commands of the plugin run in it. */
export const noPrograms: ImagePrograms = { key: '', main: undefined, commands: new Map() }
