import { readFile, stat } from 'node:fs/promises'
import { isAbsolute, join, relative, resolve, sep } from 'node:path'
import { text } from 'node:stream/consumers'
import type { BuildRequest } from '@capstan/feature-buildkit'
import { CliError, toFileError } from '../errors/cli-error.js'
import type { Io } from '../terminal/io.js'

/**
 * Resolves the directory of a build context.
 *
 * @throws CliError for stdin, a URL, or a path that is not a readable directory.
 */
export async function findContextDirectory(path: string, { cwd }: Pick<Io, 'cwd'>): Promise<string> {
  if (path === '-') throw new CliError('a build context on stdin is not supported: pass a directory as PATH')
  if (/^(https?|git|ssh):/.test(path)) throw new CliError(`${path} cannot be fetched: pass a directory as PATH`)
  const directory = resolve(cwd, path)
  const stats = await stat(directory).catch((cause: unknown) => {
    throw toFileError(`the directory ${directory} cannot be read`, cause)
  })
  if (!stats.isDirectory()) throw new CliError(`${directory} is not a directory: pass a directory as PATH, and -f FILE`)
  return directory
}

/** A Dockerfile: its text, and how a request to BuildKit names it. */
export interface Dockerfile {
  readonly text: string
  /** The path of a Dockerfile in the context, else its text. */
  readonly choice: Pick<BuildRequest, 'dockerfile' | 'dockerfileText'>
}

/**
 * Reads the Dockerfile of `--file`, else the one in the directory. `-` is stdin.
 *
 * @throws CliError if it cannot be read, or is empty.
 */
export async function readDockerfile(
  directory: string,
  file: string | undefined,
  { stdin, cwd }: Pick<Io, 'stdin' | 'cwd'>,
): Promise<Dockerfile> {
  if (file === '-') return toTextChoice(requireText(await text(stdin), 'the Dockerfile on stdin'))
  const path = file === undefined ? join(directory, 'Dockerfile') : resolve(cwd, file)
  const read = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw toFileError(`the Dockerfile ${path} cannot be read (-f selects another)`, cause)
  })
  const content = requireText(read, `the Dockerfile ${path}`)
  const inContext = relative(directory, path)
  const isInside = !isAbsolute(inContext) && inContext.split(sep)[0] !== '..'
  return isInside ? { text: content, choice: { dockerfile: inContext.split(sep).join('/') } } : toTextChoice(content)
}

function requireText(content: string, name: string): string {
  if (content.trim() === '') throw new CliError(`${name} is empty`)
  return content
}

function toTextChoice(content: string): Dockerfile {
  return { text: content, choice: { dockerfileText: content } }
}
