import type { DockerEngine, EngineCall } from '../../engine/docker-engine.js'
import { ignoreErrors } from '../../engine/ignore-errors.js'
import { readPrefix } from '../../engine/streams/read-prefix.js'

/**
 * Reads a small file in a container, such as `/etc/hosts`; `undefined` when the engine does not give it. Needs no
 * program in the image: the engine packs it into a tar.
 * https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerArchive
 */
export async function readContainerFile(
  engine: DockerEngine,
  id: string,
  path: string,
  call: EngineCall,
): Promise<string | undefined> {
  const read = async () => {
    const answer = await engine.send({ ...call, method: 'GET', path: `/containers/${id}/archive`, query: { path } })
    return findFirstFile(await readPrefix(engine, answer, call))
  }
  // Both codes count as a missing file. Whether the container still exists is not checked.
  return await ignoreErrors(['CONTAINER_NOT_FOUND', 'OPERATION_FAILED'], read())
}

/** The content of the first file. Skips headers that only extend the next one. */
function findFirstFile(tar: Buffer): string | undefined {
  for (let at = 0; at + headerBytes <= tar.length; ) {
    const size = Number.parseInt(tar.toString('latin1', at + sizeAt, at + sizeAt + sizeBytes), 8) || 0
    const type = tar.toString('latin1', at + typeAt, at + typeAt + 1)
    if (type === '0' || type === '\0') return tar.toString('utf8', at + headerBytes, at + headerBytes + size)
    if (type !== 'x' && type !== 'g') return undefined
    at += headerBytes + Math.ceil(size / headerBytes) * headerBytes
  }
  return undefined
}

const headerBytes = 512
const sizeAt = 124
const sizeBytes = 12
const typeAt = 156
