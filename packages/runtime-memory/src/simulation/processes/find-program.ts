import { posix } from 'node:path'
import type { Argv, StringMap } from '@capstan/core/plugin'
import type { ContainerFiles } from '../files/container-files.js'
import type { FileEntry } from '../files/file-map.js'
import type { ImagePrograms } from '../image-content.js'
import type { MemoryProgram } from '../memory-program.js'

/** A command line and what its lookup depends on. */
export interface CommandLine {
  readonly argv: Argv
  readonly env: StringMap
  readonly workingDirectory: string
}

/** The command line of a container's first process. */
export interface MainCommandLine extends CommandLine {
  /** Whether the container sets an entrypoint. The image's `main` is then used only for an empty command line. */
  readonly isEntrypointOverridden: boolean
}

/** Where programs are looked up. */
export interface ProgramSources {
  readonly files: ContainerFiles
  readonly programs: ImagePrograms
  /** The commands of the plugin. An executable file with the name of a command runs it. */
  readonly commands: ReadonlyMap<string, MemoryProgram>
}

/** The program of a command line. */
export interface FoundProgram {
  /** When no program was found, one that writes the reason and ends with the exit code of `failure`. */
  readonly program: MemoryProgram
  /** Why no program was found. */
  readonly failure?: CommandFailure
}

/** The exit codes of a shell: 127 when the command does not exist, 126 when it cannot be executed. */
export interface CommandFailure {
  readonly exitCode: 126 | 127
  readonly reason: string
}

/**
 * Finds the file of a command by its path or in the directories of PATH. The base name of the file selects the program; a
 * file that starts with `#!` runs its interpreter.
 */
export async function findCommand(sources: ProgramSources, line: CommandLine): Promise<FoundProgram> {
  const [command = ''] = line.argv
  for (const path of toCandidates(command, line)) {
    const entry = await sources.files.find(path)
    if (entry?.type === 'file') return await toProgram(sources, line, { path, entry })
  }
  return toFailure(127, `${command}: not found`)
}

/** Finds the first program of a container: the command of the command line, or the image's `main`. */
export async function findMain(sources: ProgramSources, line: MainCommandLine): Promise<FoundProgram> {
  const { main } = sources.programs
  if (main !== undefined && line.argv.length === 0) return { program: main }
  const found = await findCommand(sources, line)
  const usesMain = main !== undefined && found.failure !== undefined && !line.isEntrypointOverridden
  return usesMain ? { program: main } : found
}

function toCandidates(command: string, { env, workingDirectory }: CommandLine): readonly string[] {
  if (command.includes('/')) return [posix.resolve(workingDirectory, command)]
  return command === '' ? [] : (env.PATH ?? defaultPath).split(':').map((directory) => posix.join(directory, command))
}

async function toProgram(
  sources: ProgramSources,
  line: CommandLine,
  { path, entry }: { readonly path: string; readonly entry: FileEntry & { type: 'file' } },
): Promise<FoundProgram> {
  const name = posix.basename(path)
  if ((entry.mode & 0o111) === 0 || !sources.files.isExecutable(path)) {
    return toFailure(126, `${path}: Permission denied`)
  }
  const program = sources.programs.commands.get(name) ?? sources.commands.get(name)
  if (program !== undefined) return { program }
  const [, interpreter] = /^#![ \t]*(\S+)/.exec(Buffer.from(entry.bytes.subarray(0, 256)).toString()) ?? []
  if (interpreter === undefined) {
    const remedy = `define "${name}" in memoryPlugin({ commands })`
    return toFailure(126, `${path}: a simulated runtime cannot execute files; ${remedy}`)
  }
  const argv = [interpreter, path, ...line.argv.slice(1)]
  const found = interpreter === path ? undefined : await findCommand(sources, { ...line, argv })
  if (found === undefined || found.failure !== undefined)
    return toFailure(126, `${path}: bad interpreter ${interpreter}`)
  return { program: (process) => found.program({ ...process, argv }) }
}

function toFailure(exitCode: CommandFailure['exitCode'], reason: string): FoundProgram {
  const program: MemoryProgram = async ({ stderr }) => {
    stderr.write(`${reason}\n`)
    return exitCode
  }
  return { program, failure: { exitCode, reason } }
}

/** Docker's default PATH. */
export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
