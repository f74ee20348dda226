import { posix } from 'node:path'
import type { Argv, StringMap } from '@capstan/core/plugin'
import type { ContainerFiles } from '../files/container-files.js'
import type { FileEntry } from '../files/file-map.js'
import type { ImagePrograms } from '../image-content.js'
import type { MemoryProgram } from '../memory-program.js'

/** What is to run, and where it is looked for. */
export interface CommandLine {
  readonly argv: Argv
  readonly env: StringMap
  readonly workingDirectory: string
}

/** Where commands are looked for. */
export interface ProgramSources {
  readonly files: ContainerFiles
  readonly programs: ImagePrograms
  /** Those of the plugin: they run wherever a file of their name is. */
  readonly commands: ReadonlyMap<string, MemoryProgram>
}

/** What runs, or why nothing does. */
export type FoundProgram = { readonly program: MemoryProgram } | ({ readonly program: undefined } & NotFound)

/** As a shell has it: 127 for what is not there, 126 for what may not be executed. */
export interface NotFound {
  readonly exitCode: 126 | 127
  readonly reason: string
}

/** What a command line runs, as a shell would find it: by a path, or along PATH; the program by the file's base name. */
export async function findCommand(sources: ProgramSources, line: CommandLine): Promise<FoundProgram> {
  const [command = ''] = line.argv
  for (const path of toCandidates(command, line)) {
    const entry = await sources.files.find(path)
    if (entry?.type === 'file') return await toProgram(sources, { line, path, entry })
  }
  return { program: undefined, exitCode: 127, reason: `${command}: not found` }
}

/** What starts in a container: the command that the line names, else the image's `main`. */
export async function findMain(
  sources: ProgramSources,
  line: CommandLine,
  isOverridden: boolean,
): Promise<FoundProgram> {
  const { main } = sources.programs
  const found = line.argv.length > 0 || main === undefined ? await findCommand(sources, line) : undefined
  if (found !== undefined && (found.program !== undefined || isOverridden || main === undefined)) return found
  return main === undefined ? { program: undefined, exitCode: 127, reason: 'no command' } : { program: main }
}

/** A program that tells why there is none. */
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
  const reason = `${path}: a simulated runtime cannot execute files; give a program for "${name}" in memoryPlugin({ commands })`
  return { program: undefined, exitCode: 126, reason }
}

/** A file that begins with `#!` is run by what it names. */
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

/** What PATH is where nobody sets it, as docker has it. */
export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
