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

/** The program, or why there is none. */
export type FoundProgram = { readonly program: MemoryProgram } | ({ readonly program: undefined } & NotFound)

/** The exit codes of a shell: 127 when the command does not exist, 126 when it cannot be executed. */
export interface NotFound {
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
    if (entry?.type === 'file') return await toProgram(sources, { line, path, entry })
  }
  return { program: undefined, exitCode: 127, reason: `${command}: not found` }
}

/** Finds the first program of a container: the command of the command line, or the image's `main`. */
export async function findMain(sources: ProgramSources, line: MainCommandLine): Promise<FoundProgram> {
  const { main } = sources.programs
  const found = line.argv.length > 0 || main === undefined ? await findCommand(sources, line) : undefined
  if (found !== undefined && (found.program !== undefined || line.isEntrypointOverridden || main === undefined))
    return found
  return main === undefined ? { program: undefined, exitCode: 127, reason: 'no command' } : { program: main }
}

/** Creates a program that writes why no program was found. */
export function createFailingProgram(found: FoundProgram): MemoryProgram {
  return async ({ stderr }) => {
    if (found.program !== undefined) return 0
    stderr.write(`${found.reason}\n`)
    return found.exitCode
  }
}

function toCandidates(command: string, { env, workingDirectory }: CommandLine): readonly string[] {
  if (command.includes('/')) return [posix.resolve(workingDirectory, command)]
  return command === '' ? [] : (env.PATH ?? defaultPath).split(':').map((directory) => posix.join(directory, command))
}

interface FoundFile {
  readonly line: CommandLine
  readonly path: string
  readonly entry: FileEntry & { type: 'file' }
}

async function toProgram(sources: ProgramSources, file: FoundFile): Promise<FoundProgram> {
  const { path, entry } = file
  const name = posix.basename(path)
  if ((entry.mode & 0o111) === 0 || !sources.files.isExecutable(path)) {
    return { program: undefined, exitCode: 126, reason: `${path}: Permission denied` }
  }
  const program = sources.programs.commands.get(name) ?? sources.commands.get(name)
  if (program !== undefined) return { program }
  const [, interpreter] = /^#![ \t]*(\S+)/.exec(Buffer.from(entry.bytes.subarray(0, 256)).toString()) ?? []
  if (interpreter !== undefined) return await toScript(sources, file, interpreter)
  const reason = `${path}: a simulated runtime cannot execute files; define "${name}" in memoryPlugin({ commands })`
  return { program: undefined, exitCode: 126, reason }
}

/** Runs a file that starts with `#!` by its interpreter. */
async function toScript(
  sources: ProgramSources,
  { line, path }: FoundFile,
  interpreter: string,
): Promise<FoundProgram> {
  const argv = [interpreter, path, ...line.argv.slice(1)]
  const found = interpreter === path ? undefined : await findCommand(sources, { ...line, argv })
  if (found?.program === undefined)
    return { program: undefined, exitCode: 126, reason: `${path}: bad interpreter ${interpreter}` }
  const { program } = found
  return { program: (process) => program({ ...process, argv }) }
}

/** Docker's default PATH. */
export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
