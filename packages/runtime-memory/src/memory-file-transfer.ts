import { Readable } from 'node:stream'
import { type FileTransfer, fileTransferCapability, type OperationOptions, type PathStat } from '@capstan/core'
import {
  createHostError,
  findUnsupportedOption,
  validateArchive,
  validateContainerPath,
  validateId,
} from '@capstan/core/plugin'
import { type MemoryContainer, toContainerState } from './containers/state/memory-container.js'
import type { MemoryRuntimeContext } from './memory-runtime-context.js'
import type { ContainerFiles } from './simulation/files/container-files.js'

/** Copies files into and out of simulated containers. Their programs see the same files. */
export class MemoryFileTransfer implements FileTransfer {
  readonly #context: MemoryRuntimeContext

  constructor(context: MemoryRuntimeContext) {
    this.#context = context
  }

  async putArchive(
    id: string,
    directory: string,
    tar: AsyncIterable<Uint8Array>,
    options: OperationOptions = {},
  ): Promise<void> {
    validateId(id)
    const path = validateContainerPath(directory, 'directory')
    validateArchive(tar)
    await this.#context.call('putArchive', options, async ({ signal }) => {
      const { files } = await this.#require(id, path)
      if ((await files.find(path))?.type !== 'directory')
        throw createHostError('PATH_NOT_FOUND', { id, path, expected: 'directory' })
      // Loaded at the first use, because few applications need tar-stream.
      const { extractArchive } = await import('./containers/files/extract-archive.js')
      await extractArchive(files, path, tar, { id, signal })
    })
  }

  async getArchive(id: string, path: string, options: OperationOptions = {}): Promise<Readable> {
    validateId(id)
    const from = validateContainerPath(path)
    return await this.#context.call('getArchive', options, async () => {
      const { files } = await this.#require(id, from)
      if ((await files.findLink(from)) === undefined)
        throw createHostError('PATH_NOT_FOUND', { id, path: from, expected: 'path' })
      const { packFiles } = await import('./containers/files/pack-files.js')
      const hasOwners = findUnsupportedOption('files.owners', this.#context.unsupportedOptions) === undefined
      const chunks = this.#context.stream(packFiles(files, from, { hasOwners }), options)
      return Readable.from(chunks, { objectMode: false })
    })
  }

  async statPath(id: string, path: string, options: OperationOptions = {}): Promise<PathStat | undefined> {
    validateId(id)
    const at = validateContainerPath(path)
    return await this.#context.call(
      'statPath',
      options,
      async () => await statPath((await this.#require(id, at)).files, at),
    )
  }

  /** Finds the container, and checks that its files at the path can be copied. */
  async #require(id: string, path: string): Promise<MemoryContainer> {
    const container = this.#context.engine.containers.require(id)
    const state = toContainerState(container)
    const stopped = state === 'running' || state === 'paused' ? undefined : state
    this.#context.checkOption(fileTransferCapability, 'files.stopped', stopped)
    const inTmpfs = (await container.files.isInTmpfs(path)) ? path : undefined
    this.#context.checkOption(fileTransferCapability, 'files.tmpfs', inTmpfs)
    return container
  }
}

/** Returns the kind, size, mode and time of the file at a path; `undefined` when there is none. */
async function statPath(files: ContainerFiles, path: string): Promise<PathStat | undefined> {
  const entry = await files.findLink(path)
  if (entry === undefined) return undefined
  const { type, modifiedAt = new Date(0) } = entry
  if (type === 'symlink')
    return { type, mode: 0o777, sizeBytes: entry.target.length, modifiedAt, linkTarget: await files.resolve(path) }
  return { type, mode: entry.mode, sizeBytes: type === 'file' ? entry.bytes.length : 0, modifiedAt }
}
