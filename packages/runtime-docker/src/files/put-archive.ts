import { createHostError } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { sendSource } from '../engine/streams/caller-source.js'
import { checkPath } from './check-path.js'
import { requestStat } from './request-stat.js'

/**
 * Extracts an archive into a directory of a container.
 * https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/PutContainerArchive
 */
export async function putArchive(
  engine: DockerEngine,
  directory: string,
  tar: AsyncIterable<Uint8Array>,
  call: EngineCall,
): Promise<void> {
  await checkPath(engine, directory, { ...call, isWritten: true })
  if (engine.details.quirks.createsArchiveDirectories) await requireDirectory(engine, directory, call)
  await sendSource(tar, call, async (body) => {
    const answer = await engine.send({
      ...call,
      containerPath: directory,
      method: 'PUT',
      path: `/containers/${call.subject}/archive`,
      query: { path: directory, noOverwriteDirNonDir: true },
      headers: { 'Content-Type': 'application/x-tar' },
      body,
    })
    answer.resume()
  })
}

async function requireDirectory(engine: DockerEngine, directory: string, call: EngineCall): Promise<void> {
  const found = await requestStat(engine, directory, call)
  const target = found?.linkTarget === undefined ? found : await requestStat(engine, found.linkTarget, call)
  if (target?.type === 'directory') return
  throw createHostError('PATH_NOT_FOUND', { id: call.subject, path: directory, expected: 'directory' })
}
