import { existsSync } from 'node:fs'
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
  /** Whether this process runs in a container of Docker or Podman, as the file that they create in it shows. */
  readonly isContainer: boolean
}

/** Reads the facts about this machine. The home directory comes from the environment. */
export function readLocalMachine(env: Environment): LocalMachine {
  return {
    platform: platform(),
    home: findHomeDirectory(env),
    uid: process.getuid?.(),
    hostname: hostname(),
    kernel: release(),
    isContainer: ['/.dockerenv', '/run/.containerenv'].some((path) => existsSync(path)),
  }
}
