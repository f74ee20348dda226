import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { basename, isAbsolute, join, relative, resolve, sep } from 'node:path'
import type { Readable } from 'node:stream'
import { text as readText } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { unpackArchive } from '@capstan/build-context'
import type { BuildContext, OperationOptions } from '@capstan/core'
import { findTemporaryDirectory } from '@capstan/core/plugin'
import type { BuildRequest } from '@capstan/feature-buildkit'
import { CliError, failedBuild, toFileError } from '../errors/cli-error.js'
import type { Io } from '../terminal/io.js'
import { isRemote } from './build-options.js'

/** The context and the Dockerfile of a build. Disposing removes temporary files. */
export interface BuildSource extends AsyncDisposable {
  /** `undefined` if BuildKit fetches the context. */
  readonly context: BuildContext | undefined
  /** The text of the Dockerfile. `undefined` if it is in a context that BuildKit fetches. */
  readonly text: string | undefined
  /** The path of an ignore file that applies to this Dockerfile only, which the builder of the runtime does not use. */
  readonly ignoreFile: string | undefined
  /** How a request to BuildKit names both. */
  readonly request: Pick<BuildRequest, 'context' | 'dockerfile' | 'dockerfileText' | 'dockerignoreText'>
}

/**
 * Reads the context and the Dockerfile as docker does. `path` is a directory, a URL that BuildKit fetches, or `-` for stdin, which
 * is a Dockerfile or a tar archive of the context. `file` is the path of the Dockerfile, or `-` for stdin.
 *
 * @throws CliError for what cannot be read, and for an empty Dockerfile.
 */
export async function readBuildSource(
  { path, file }: { readonly path: string; readonly file: string | undefined },
  io: Pick<Io, 'stdin' | 'cwd' | 'env'>,
  options: OperationOptions = {},
): Promise<BuildSource> {
  if (path === '-') return await readStdin(file, io, options)
  if (isRemote(path)) return readRemote(path, file)
  const directory = resolve(io.cwd, path)
  await requireDirectory(directory, 'pass a directory as PATH, and -f FILE')
  return await readDirectory(directory, file, io)
}

/** @throws CliError if the path is not a readable directory. */
export async function requireDirectory(directory: string, remedy: string): Promise<void> {
  const stats = await stat(directory).catch((cause: unknown) => {
    throw toFileError(`the directory ${directory} cannot be read`, cause, failedBuild)
  })
  if (!stats.isDirectory()) throw new CliError(`${directory} is not a directory: ${remedy}`, failedBuild)
}

async function readDirectory(
  directory: string,
  file: string | undefined,
  { stdin, cwd, isUnpacked = false }: Pick<Io, 'stdin' | 'cwd'> & { readonly isUnpacked?: boolean },
): Promise<BuildSource> {
  const context = { directory }
  if (file === '-') {
    const text = requireText(await readText(stdin), 'the Dockerfile on stdin')
    return toSource({ context, text, request: { context, dockerfileText: text } })
  }
  const path = file === undefined ? join(directory, 'Dockerfile') : resolve(cwd, file)
  // Users do not know the directory into which an archive is unpacked.
  const name = isUnpacked ? `the Dockerfile ${file ?? 'Dockerfile'} in the archive on stdin` : `the Dockerfile ${path}`
  const read = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw toFileError(`${name} cannot be read (-f selects another)`, cause, failedBuild)
  })
  const text = requireText(read, name)
  const inContext = relative(directory, path)
  const isInside = !isAbsolute(inContext) && inContext.split(sep)[0] !== '..'
  const ignore = await readIgnoreFile(`${path}.dockerignore`)
  const choice = isInside
    ? { dockerfile: inContext.split(sep).join('/') }
    : { dockerfile: basename(path), dockerfileText: text, ...(ignore && { dockerignoreText: ignore.text }) }
  return toSource({ context, text, ignoreFile: ignore?.path, request: { context, ...choice } })
}

async function readIgnoreFile(path: string): Promise<{ readonly path: string; readonly text: string } | undefined> {
  try {
    return { path, text: await readFile(path, 'utf8') }
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw toFileError(`the ignore file ${path} cannot be read`, cause, failedBuild)
  }
}

function readRemote(path: string, file: string | undefined): BuildSource {
  if (file === '-') throw new CliError('a Dockerfile on stdin cannot be used with a URL: use -f PATH')
  const context = { url: path.startsWith('github.com/') ? `https://${path}` : path }
  const choice = file === undefined ? {} : { dockerfile: file }
  return toSource({ context: undefined, text: undefined, request: { context, ...choice } })
}

async function readStdin(
  file: string | undefined,
  { stdin, env }: Pick<Io, 'stdin' | 'env'>,
  options: OperationOptions,
): Promise<BuildSource> {
  if (file === '-') throw new CliError('stdin cannot be both the context and the Dockerfile')
  const { head, rest } = await readHead(stdin)
  const compression = findCompression(head)
  if (compression === undefined && !isTar(head)) {
    if (file !== undefined) throw new CliError('stdin is not a tar archive, so -f cannot name a file in it')
    const text = requireText(await readText(rest), 'the Dockerfile on stdin')
    const context = { files: {} }
    return toSource({ context, text, request: { context, dockerfileText: text } })
  }
  if (compression !== undefined && compression !== 'gzip')
    throw new CliError(`the archive on stdin is compressed with ${compression}: decompress it first`, failedBuild)
  const directory = await mkdtemp(join(findTemporaryDirectory(env), 'capstan-context-'))
  const remove = () => rm(directory, { recursive: true, force: true })
  try {
    await unpackArchive(compression === 'gzip' ? gunzip(rest) : rest, directory, options)
    const source = await readDirectory(directory, file, { stdin, cwd: directory, isUnpacked: true })
    return { ...source, [Symbol.asyncDispose]: remove }
  } catch (error) {
    await remove()
    throw error
  }
}

function toSource(source: Omit<BuildSource, 'ignoreFile' | keyof AsyncDisposable> & Partial<BuildSource>): BuildSource {
  return { ignoreFile: undefined, ...source, [Symbol.asyncDispose]: async () => {} }
}

/** Reads the first bytes of a stream. `rest` has all bytes. */
async function readHead(stream: Readable) {
  const chunks = stream[Symbol.asyncIterator]()
  const read: Buffer[] = []
  let size = 0
  let isEnded = false
  while (size < blockBytes && !isEnded) {
    const { value, done } = await chunks.next()
    isEnded = done === true
    if (isEnded) break
    read.push(Buffer.from(value))
    size += read.at(-1)?.length ?? 0
  }
  const rest = async function* (): AsyncGenerator<Uint8Array> {
    yield* read
    if (!isEnded) yield* { [Symbol.asyncIterator]: () => chunks }
  }
  return { head: Buffer.concat(read), rest: rest() }
}

async function* gunzip(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const plain = createGunzip()
  const fed = pipeline(bytes, plain)
  fed.catch(() => {}) // the error also ends the loop
  yield* plain
  await fed
}

/** https://www.gnu.org/software/tar/manual/html_node/Standard.html */
function isTar(head: Buffer): boolean {
  return head.length >= blockBytes && head.toString('latin1', 257, 262) === 'ustar'
}

function findCompression(head: Buffer): string | undefined {
  return compressions.find(({ magic }) => head.subarray(0, magic.length).equals(Buffer.from(magic)))?.name
}

/** The formats that docker accepts, by their first bytes. */
const compressions = [
  { name: 'gzip', magic: [0x1f, 0x8b] },
  { name: 'bzip2', magic: [0x42, 0x5a, 0x68] },
  { name: 'xz', magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] },
  { name: 'zstd', magic: [0x28, 0xb5, 0x2f, 0xfd] },
]

const blockBytes = 512

function requireText(content: string, name: string): string {
  if (content.trim() === '') throw new CliError(`${name} is empty`, failedBuild)
  return content
}
