import { posix } from 'node:path'
import type { ReadonlyFileMap } from '../files/file-map.js'
import { createBuildError } from './build-error.js'
import { type InstructionCall, toVariables } from './build-stage.js'
import { type CopySource, openSource } from './copy-source.js'
import type { DockerfileInstruction } from './dockerfile-instruction.js'
import { expand } from './expand.js'

/** Runs COPY: files, the contents of directories, and `*` and `?` in names, from the context, a stage or an image. */
export async function applyCopy(call: InstructionCall): Promise<void> {
  const { stage, instruction } = call
  const { patterns, target } = parseOperands(call)
  const mode = parseMode(call)
  const source = await openSource(call)
  const sourcePaths = patterns.flatMap((pattern) => findPaths(instruction, source, pattern))
  const directory = posix.resolve(stage.config.workingDirectory, target)
  const isDirectory = directoryName.test(target) || sourcePaths.length > 1 || hasDirectory(stage.files, directory)
  for (const path of sourcePaths) {
    const isSourceDirectory = path === '/' || source.paths.get(path)?.type === 'directory'
    // As in Docker, the contents of a directory are copied, but not the directory itself.
    const names = isSourceDirectory ? listContents(source, path) : ['']
    const destination = isDirectory && !isSourceDirectory ? posix.join(directory, posix.basename(path)) : directory
    for (const name of names) {
      const entry = await source.read(posix.join(path, name))
      if (entry === undefined) continue
      const copy = mode === undefined || entry.type !== 'file' ? entry : { ...entry, mode }
      stage.files.set(posix.join(destination, name), copy)
    }
  }
}

function parseOperands({ stage, instruction }: InstructionCall) {
  const variables = toVariables(stage)
  const given = instruction.words ?? instruction.text.split(/\s+/)
  const patterns = given.map((word) => expand(instruction, word, variables))
  const target = patterns.pop()
  if (target === undefined || patterns.length === 0)
    throw createBuildError(instruction, 'COPY requires sources and a target')
  if (patterns.length > 1 && !directoryName.test(target))
    throw createBuildError(instruction, 'the target of several sources must end with /')
  return { patterns, target }
}

function parseMode({ instruction }: InstructionCall): number | undefined {
  const given = instruction.flags.get('chmod')
  if (given === undefined) return undefined
  if (/^[0-7]{3,4}$/.test(given)) return Number.parseInt(given, 8)
  throw createBuildError(instruction, `--chmod requires an octal mode, not ${given}`)
}

/** Finds the paths that a pattern matches in the source. */
function findPaths(instruction: DockerfileInstruction, { paths }: CopySource, pattern: string): readonly string[] {
  const path = posix.join('/', pattern).replace(/(?<=.)\/$/, '')
  if (path === '/') return ['/']
  const expression = toExpression(path)
  const found = [...paths.keys()].filter((candidate) => expression.test(candidate))
  if (found.length === 0) throw createBuildError(instruction, `"${pattern}" does not exist`)
  return found
}

/** Whether a directory of the image is at the path. A directory without an entry exists while it contains something. */
function hasDirectory(files: ReadonlyFileMap, path: string): boolean {
  return files.get(path)?.type === 'directory' || [...files.keys()].some((file) => file.startsWith(`${path}/`))
}

function toExpression(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${escaped.replaceAll('*', '[^/]*').replaceAll('?', '[^/]')}$`)
}

/** Lists the paths of all files and directories below a directory, relative to it. */
function listContents({ paths }: CopySource, directory: string): readonly string[] {
  const prefix = directory === '/' ? '/' : `${directory}/`
  const found = [...paths.keys()].filter((path) => path.startsWith(prefix) && path !== prefix)
  return found.map((path) => path.slice(prefix.length))
}

/** Matches targets that are a directory by their name: `.`, `..`, and what ends with a slash. */
const directoryName = /(^|\/)\.{0,2}$/
