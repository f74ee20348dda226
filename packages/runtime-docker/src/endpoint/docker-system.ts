import { homedir, hostname, platform, release } from 'node:os'

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

export function readDockerSystem(): DockerSystem {
  return {
    platform: platform(),
    home: homedir(),
    uid: process.getuid?.(),
    hostname: hostname(),
    kernel: release(),
  }
}
