import type { AttachOptions } from '@capstan/core'
import type { DockerEngine, EngineCall, UpgradedConnection } from '../engine/docker-engine.js'

/** Attaches to a container, running or not yet started: resolves when the engine has handed the connection over. */
export function openAttach(
  engine: DockerEngine,
  call: EngineCall,
  { stdin, stdout, stderr }: Pick<AttachOptions, 'stdin' | 'stdout' | 'stderr'>,
): Promise<UpgradedConnection> {
  const wanted = {
    stream: true,
    stdin: stdin !== undefined,
    // Also what nobody reads: the end of the output is the end of the attachment.
    stdout: stdout !== undefined || stderr === undefined,
    stderr: stderr !== undefined,
  }
  const query = Object.entries(wanted).flatMap(([name, value]) => (value ? [`${name}=1`] : []))
  const path = `/containers/${call.subject}/attach?${query.join('&')}&${noDetachKeys}`
  return engine.upgrade({ ...call, method: 'POST', path })
}

/**
 * An engine leaves a terminal when it reads certain keys (ctrl-p ctrl-q by default), and knows no way to switch that
 * off. These are bytes that no terminal sends: 0xFF is in no UTF-8. A plain query cannot hold them.
 */
const noDetachKeys = `detachKeys=${Array.from({ length: 8 }, () => '%FF').join(',')}`
