import type { Argv } from '@capstan/core/plugin'
import type { MemoryProcess, MemoryRunOptions } from '../memory-program.js'
import { toExitStatus } from './exit-status.js'
import { findCommand, type ProgramSources } from './find-program.js'
import { createMemoryFiles } from './memory-files.js'

/** Runs another command within a process, on its streams and under its signal; 126 and 127 where there is none. */
export async function runCommand(
  sources: ProgramSources,
  parent: MemoryProcess,
  argv: Argv,
  options: MemoryRunOptions = {},
): Promise<number> {
  const { workingDirectory = parent.workingDirectory } = options
  const files = createMemoryFiles(sources.files, workingDirectory)
  const child: MemoryProcess = { ...parent, ...options, argv, files }
  const found = await findCommand(sources, child)
  if (found.program !== undefined) return toExitStatus(await found.program(child))
  child.stderr.write(`${found.reason}\n`)
  return found.exitCode
}
