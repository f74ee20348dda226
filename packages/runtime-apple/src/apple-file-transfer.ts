import type { Readable } from 'node:stream'
import type { FileTransfer, OperationOptions, PathStat } from '@capstan/core'
import { validateArchive, validateContainerPath, validateId } from '@capstan/core/plugin'
import type { AppleRuntimeContext } from './apple-runtime-context.js'
import { checkRunning } from './containers/guest-programs.js'
import { getArchive } from './files/get-archive.js'
import { putArchive } from './files/put-archive.js'
import { statPath } from './files/stat-path.js'

/**
 * Copies files into and out of running containers, with `exec` and the programs `sh`, `tar`, `stat`, `readlink`, `chown` and `touch`
 * of the container.
 *
 * `container copy` is not used: it copies a single file without its mode, a directory without times and hard links, resolves
 * absolute links outside of the container, creates a missing directory, and reports no kind of a file.
 */
export class AppleFileTransfer implements FileTransfer {
  readonly #context: AppleRuntimeContext

  constructor(context: AppleRuntimeContext) {
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
    await this.#context.call({ operation: 'putArchive', subject: id }, options, (call) =>
      putArchive(this.#context, path, tar, call),
    )
  }

  async getArchive(id: string, path: string, options: OperationOptions = {}): Promise<Readable> {
    validateId(id)
    return await getArchive(this.#context, id, validateContainerPath(path), options)
  }

  async statPath(id: string, path: string, options: OperationOptions = {}): Promise<PathStat | undefined> {
    validateId(id)
    const at = validateContainerPath(path)
    return await this.#context.call({ operation: 'statPath', subject: id }, options, async (call) => {
      await checkRunning(this.#context, call)
      return await statPath(this.#context, at, call)
    })
  }
}
