import type { IncomingMessage } from 'node:http'
import { posix } from 'node:path'
import { Readable } from 'node:stream'
import { packEntries, readArchive, readOwner } from '@capstan/build-context'
import type { OperationOptions } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { toAnswerStream } from '../engine/streams/answer-stream.js'
import { streamBody } from '../engine/streams/stream-body.js'
import { checkPath } from './check-path.js'
import { requestStat } from './request-stat.js'

/**
 * Resolves with a tar archive of a file or directory of a container.
 * https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerArchive
 *
 * An incomplete stream fails with CONNECTION_LOST. An abort fails it with the reason. Destroying it closes the connection.
 */
export async function getArchive(
  engine: DockerEngine,
  id: string,
  path: string,
  options: OperationOptions = {},
): Promise<Readable> {
  const { signal, end } = engine.operations.begin(options.signal)
  const hasCallerSignal = options.signal !== undefined
  const call: EngineCall = { operation: 'getArchive', subject: id, signal, hasCallerSignal }
  try {
    await checkPath(engine, path, { ...call, isWritten: false })
    const archive = (await isFollowedLink(engine, path, call))
      ? await packLink(engine, path, call)
      : toAnswerStream(engine, await requestArchive(engine, path, call), call)
    return archive.once('close', end)
  } catch (error) {
    end()
    throw error
  }
}

async function requestArchive(engine: DockerEngine, path: string, call: EngineCall): Promise<IncomingMessage> {
  const request = { ...call, containerPath: path, method: 'GET', query: { path } } as const
  return await engine.send({ ...request, path: `/containers/${call.subject}/archive` })
}

async function isFollowedLink(engine: DockerEngine, path: string, call: EngineCall): Promise<boolean> {
  if (!engine.details.quirks.followsArchivedLinks) return false
  return (await requestStat(engine, path, call))?.type === 'symlink'
}

/** Packs the link that an archive of its directory contains. Reads that archive only up to the link. */
async function packLink(engine: DockerEngine, path: string, call: EngineCall): Promise<Readable> {
  const directory = posix.dirname(path)
  const name = posix.basename(path)
  const answer = await requestArchive(engine, directory, call)
  const inArchive = posix.join('/', posix.basename(directory), name)
  for await (const { header } of readArchive(streamBody(engine, answer, call), call)) {
    if (posix.join('/', header.name) !== inArchive || header.type !== 'symlink') continue
    const { mode = 0o777, mtime: modifiedAt, linkname: linkTarget = '' } = header
    const entry = {
      path: name,
      type: 'symlink',
      mode,
      modifiedAt,
      linkTarget,
      sizeBytes: 0,
      ...readOwner(header),
    } as const
    return Readable.from(packEntries([{ ...entry, open: emptyContent }]), { objectMode: false })
  }
  throw createHostError('PATH_NOT_FOUND', { id: call.subject, path, expected: 'path' })
}

async function* emptyContent(): AsyncIterable<Uint8Array> {}
