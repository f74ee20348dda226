import { hostname, platform, release } from 'node:os'
import { type Environment, findHomeDirectory } from '@capstan/core/plugin'

/** What the search for an engine reads of this machine: data, so that each row of it can be tested anywhere. */
export interface DockerSystem {
  readonly platform: NodeJS.Platform
  readonly home: string
  /** `undefined` on Windows. */
  readonly uid: number | undefined
  readonly hostname: string
  /** Release of this machine's kernel: an engine with the same one runs on this machine. */
  readonly kernel: string
}

/** What this machine is; the home directory is that of the environment. */
export function readDockerSystem(env: Environment): DockerSystem {
  return {
    platform: platform(),
    home: findHomeDirectory(env),
    uid: process.getuid?.(),
    hostname: hostname(),
    kernel: release(),
  }
}
