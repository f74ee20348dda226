import type { TerminalSize } from '@capstan/core'
import type { Argv, StringMap } from '@capstan/core/plugin'
import { connect } from '../../networks/connect.js'
import type { ContainerNetworking } from '../../networks/container-networking.js'
import { listen } from '../../networks/listen.js'
import type { ProgramSources } from './find-program.js'
import { createProcessFiles } from './process-files.js'
import type { ProcessContext } from './simulated-process.js'

/** The properties of one process, and what it shares with others of its container. */
export interface ProcessContextOptions {
  readonly argv: Argv
  readonly env: StringMap
  readonly pid: number
  readonly user: string
  readonly groups: readonly string[]
  readonly workingDirectory: string
  readonly terminal: boolean
  readonly terminalSize: () => TerminalSize | undefined
  readonly sources: ProgramSources
  readonly networking: ContainerNetworking
}

/** Creates the context of a process: its files and network access. */
export function createProcessContext({ sources, networking, ...own }: ProcessContextOptions): ProcessContext {
  return {
    ...own,
    sources,
    connect: (host, port) => connect(networking, host, port),
    listen: (port, serve, onError) => listen(networking, { port, serve, onError }),
    files: createProcessFiles(sources.files, own.workingDirectory),
  }
}
