import type { AttachOptions } from '@capstan/core'
import type { DockerEngine, EngineCall, UpgradedConnection } from '../engine/docker-engine.js'

/** Attaches to a running or created container. Resolves when the connection is hijacked. */
export function openAttach(
  engine: DockerEngine,
  call: EngineCall,
  { stdin, stdout, stderr }: Pick<AttachOptions, 'stdin' | 'stdout' | 'stderr'>,
): Promise<UpgradedConnection> {
  const streams = {
    stream: true,
    stdin: stdin !== undefined,
    // An output is always attached, because its end is the end of the connection.
    stdout: stdout !== undefined || stderr === undefined,
    stderr: stderr !== undefined,
  }
  const query = Object.entries(streams).flatMap(([name, value]) => (value ? [`${name}=1`] : []))
  const path = `/containers/${call.subject}/attach?${query.join('&')}&${noDetachKeys}`
  return engine.upgrade({ ...call, method: 'POST', path })
}

/**
 * The engine detaches when it reads the detach keys (ctrl-p ctrl-q by default), which cannot be turned off. The keys
 * are set to bytes that no terminal sends, since 0xFF does not occur in UTF-8. URLSearchParams cannot encode them.
 */
const noDetachKeys = `detachKeys=${Array.from({ length: 8 }, () => '%FF').join(',')}`
