import { hostname, platform, release } from 'node:os'
import { type Environment, findHomeDirectory } from '@capstan/core/plugin'

/** The facts about this machine that the search for an engine uses. As plain data they let tests run anywhere. */
export interface LocalMachine {
  readonly platform: NodeJS.Platform
  readonly home: string
  /** `undefined` on Windows. */
  readonly uid: number | undefined
  readonly hostname: string
  /** The release of this machine's kernel, compared with that of the engine. */
  readonly kernel: string
}

/** Reads the facts about this machine. The home directory comes from the environment. */
export function readLocalMachine(env: Environment): LocalMachine {
  return {
    platform: platform(),
    home: findHomeDirectory(env),
    uid: process.getuid?.(),
    hostname: hostname(),
    kernel: release(),
  }
}
