import { isHostError, type PathStat } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { EngineAnswerError } from '../engine/engine-answer-error.js'
import { parseJson, toObject } from '../engine/json-values.js'

/**
 * Requests the kind, size, mode and time of a file of a container; `undefined` if it does not exist.
 * https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerArchiveInfo
 */
export async function requestStat(engine: DockerEngine, path: string, call: EngineCall): Promise<PathStat | undefined> {
  const request = { ...call, containerPath: path, path: `/containers/${call.subject}/archive`, query: { path } }
  try {
    const answer = await engine.send({ ...request, method: 'HEAD' })
    answer.resume()
    return readStat(answer.headers[statHeader], call)
  } catch (error) {
    if (isHostError(error, 'PATH_NOT_FOUND')) return findDanglingLink(error.cause, call)
    if (!isHostError(error, 'OPERATION_FAILED')) throw error
    // The answer has no text that tells why it failed. The answer to GET has it.
    return await engine.send({ ...request, method: 'GET' }).then(
      (answer) => {
        answer.destroy()
        return readStat(answer.headers[statHeader], call)
      },
      (reason: unknown) => {
        if (isHostError(reason, 'PATH_NOT_FOUND')) return undefined
        throw reason
      },
    )
  }
}

/** Podman answers with status 404 and the header for a link to a path that does not exist. Seen on Podman 4.3. */
function findDanglingLink(cause: unknown, call: EngineCall): PathStat | undefined {
  const header = cause instanceof EngineAnswerError ? cause.headers[statHeader] : undefined
  return header === undefined ? undefined : readStat(header, call)
}

function readStat(header: string | readonly string[] | undefined, { operation }: EngineCall): PathStat {
  const text = Buffer.from(String(header ?? ''), 'base64').toString()
  const { mode, size, mtime, linkTarget } = toObject(parseJson(text))
  const modifiedAt = new Date(String(mtime))
  if (typeof mode !== 'number' || typeof size !== 'number' || Number.isNaN(modifiedAt.getTime()))
    throw createHostError('PROTOCOL_ERROR', { operation, excerpt: text.slice(0, 500) })
  const type = toType(mode)
  return {
    type,
    mode: toPermissions(mode),
    sizeBytes: size,
    modifiedAt,
    ...(type === 'symlink' && { linkTarget: String(linkTarget) }),
  }
}

/** Converts the bits of Go's `fs.FileMode`, which differ from those of stat(2). https://pkg.go.dev/io/fs#FileMode */
function toType(mode: number): PathStat['type'] {
  if (hasBit(mode, 31)) return 'directory'
  if (hasBit(mode, 27)) return 'symlink'
  return otherKinds.some((bit) => hasBit(mode, bit)) ? 'other' : 'file'
}

function toPermissions(mode: number): number {
  const special = (hasBit(mode, 23) ? 0o4000 : 0) | (hasBit(mode, 22) ? 0o2000 : 0) | (hasBit(mode, 20) ? 0o1000 : 0)
  return (mode & 0o777) | special
}

function hasBit(mode: number, bit: number): boolean {
  return Math.floor(mode / 2 ** bit) % 2 === 1
}

/** Device, named pipe, socket and irregular file. */
const otherKinds = [26, 25, 24, 19]

const statHeader = 'x-docker-container-path-stat'
