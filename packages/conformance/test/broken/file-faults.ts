import { type FileTransfer, isHostError } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { breakPlugin } from './break-plugin.js'
import type { FaultyPlugin } from './faulty-plugin.js'

/** Faults of the copying of files. */
export const fileFaults: readonly FaultyPlugin[] = [
  fileFault('getArchive follows a link at the path', 'FILE-005', (files) => ({
    getArchive: async (id, path, options) => {
      const { linkTarget = path } = (await files.statPath(id, path, options)) ?? {}
      return await files.getArchive(id, linkTarget, options).catch(() => files.getArchive(id, path, options))
    },
  })),
  fileFault('statPath rejects for a missing file', 'FILE-006', (files) => ({
    statPath: async (id, path, options) => {
      const found = await files.statPath(id, path, options)
      if (found === undefined) throw createHostError('PATH_NOT_FOUND', { id, path, expected: 'path' })
      return found
    },
  })),
  fileFault('putArchive resolves when the directory is missing', 'FILE-007', (files) => ({
    putArchive: (id, directory, tar, options) =>
      files.putArchive(id, directory, tar, options).catch((error: unknown) => {
        if (!isHostError(error, 'PATH_NOT_FOUND')) throw error
      }),
  })),
  fileFault('putArchive rejects with another error than that of its source', 'FILE-012', (files) => ({
    putArchive: (id, directory, tar, options) =>
      files.putArchive(id, directory, tar, options).catch((cause: unknown) => {
        if (isHostError(cause) || options?.signal?.aborted) throw cause
        const facts = { operation: 'putArchive', subject: id, status: undefined, reason: String(cause) }
        throw createHostError('OPERATION_FAILED', facts, { cause })
      }),
  })),
  fileFault('an abort after getArchive has no effect on its stream', 'FILE-014', (files) => ({
    getArchive: (id, path, options) => {
      options?.signal?.throwIfAborted()
      return files.getArchive(id, path)
    },
  })),
]

function fileFault(
  fault: string,
  failingCase: string,
  files: (correct: FileTransfer) => Partial<FileTransfer>,
): FaultyPlugin {
  return { fault, failingCase, addFault: (correct) => breakPlugin(correct, { files }) }
}
