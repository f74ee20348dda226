import type { Readable } from 'node:stream'
import type { FileTransfer, OperationOptions, PathStat } from '@capstan/core'
import { validateArchive, validateContainerPath, validateId } from '@capstan/core/plugin'
import type { DockerEngine } from './engine/docker-engine.js'
import { checkPath } from './files/check-path.js'
import { getArchive } from './files/get-archive.js'
import { putArchive } from './files/put-archive.js'
import { requestStat } from './files/request-stat.js'

/** Copies files into and out of the containers of a Docker Engine, which needs no program in the image. */
export class DockerFileTransfer implements FileTransfer {
  readonly #engine: DockerEngine

  constructor(engine: DockerEngine) {
    this.#engine = engine
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
    await this.#engine.run('putArchive', id, options, (call) => putArchive(this.#engine, path, tar, call))
  }

  async getArchive(id: string, path: string, options?: OperationOptions): Promise<Readable> {
    validateId(id)
    return await getArchive(this.#engine, id, validateContainerPath(path), options)
  }

  async statPath(id: string, path: string, options: OperationOptions = {}): Promise<PathStat | undefined> {
    validateId(id)
    const at = validateContainerPath(path)
    return await this.#engine.run('statPath', id, options, async (call) => {
      await checkPath(this.#engine, at, { ...call, isWritten: false })
      return await requestStat(this.#engine, at, call)
    })
  }
}
