import { posix } from 'node:path'
import type { Argv, StringMap, TerminalSize } from '@capstan/core'
import type { Origin } from '../network/connect.js'
import { connect } from '../network/connect.js'
import type { ProgramSources } from './find-program.js'
import type { ProcessSurroundings } from './simulated-process.js'

export interface SurroundingsOptions {
  readonly argv: Argv
  readonly env: StringMap
  readonly user: string
  readonly workingDirectory: string
  readonly terminal: boolean
  readonly terminalSize: () => TerminalSize | undefined
  readonly sources: ProgramSources
  readonly origin: Origin
}

/** What a process of a container can see and reach. */
export function createSurroundings({ sources, origin, ...own }: SurroundingsOptions): ProcessSurroundings {
  const { files } = sources
  const toPath = (path: string) => posix.resolve(own.workingDirectory, path)
  return {
    ...own,
    sources,
    connect: (host, port) => connect(origin, host, port),
    listen: (port, serve) => origin.space.listen(port, serve),
    readFile: async (path) => Uint8Array.from(await files.read(toPath(path))),
    writeFile: (path, content) => files.write(toPath(path), Buffer.from(content)),
    readDirectory: (path) => files.list(toPath(path)),
  }
}
