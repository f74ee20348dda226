import type { Argv, StringMap } from '@capstan/core/plugin'
import type { ReadonlyFileMap } from './files/file-map.js'
import type { MemoryProgram } from './memory-program.js'

/** How containers of an image run, unless their own config says otherwise. */
export interface ImageConfig {
  readonly env: StringMap
  readonly user: string
  readonly workingDirectory: string
  readonly entrypoint: Argv
  readonly command: Argv
  readonly labels: StringMap
}

/** The programs of an image, which no archive can hold: `key` names them. */
export interface ImagePrograms {
  readonly key: string
  readonly main: MemoryProgram | undefined
  readonly commands: ReadonlyMap<string, MemoryProgram>
}

/** All that makes an image what it is: two with the same content are one. */
export interface ImageContent {
  readonly config: ImageConfig
  readonly files: ReadonlyFileMap
  readonly programs: ImagePrograms
}

/** What no image sets. */
export const emptyImageConfig: ImageConfig = {
  env: {},
  user: '',
  workingDirectory: '/',
  entrypoint: [],
  command: [],
  labels: {},
}

/** Of an image that is files alone: the commands of the plugin run in it. */
export const noPrograms: ImagePrograms = { key: '', main: undefined, commands: new Map() }
