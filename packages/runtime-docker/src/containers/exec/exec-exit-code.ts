import { createHostError, poll } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../../engine/docker-engine.js'
import { isCommandMissing } from '../../engine/docker-error-texts.js'

/**
 * Resolves with the exit code of a process whose output has ended. The engine records it shortly after; if it does not,
 * rejects with EXIT_CODE_UNKNOWN.
 *
 * `output` is the beginning of the output. Docker 20.10 records 126 and process id 0 for every command that does not
 * start, and sends the OCI runtime's message as output. The result for a missing command is then 127, as on other
 * engines.
 */
export async function readExitCode(
  engine: DockerEngine,
  { execId, call }: ExitCodeOptions,
  output: string = '',
): Promise<number> {
  const api = await engine.api(call)
  const ask = async () => {
    const { Running, ExitCode, Pid } = await api.getExec(execId).inspect()
    if (Running === true || typeof ExitCode !== 'number') return undefined
    return ExitCode === 126 && Pid === 0 && isCommandMissing(output) ? 127 : ExitCode
  }
  const code = await poll(ask, { limitMs: engine.timeouts.execEndMs, signal: call.signal })
  if (code !== undefined) return code
  const reason = `its output ended, but the engine reported no exit code within ${engine.timeouts.execEndMs} ms`
  throw createHostError('EXIT_CODE_UNKNOWN', { id: execId, reason })
}

interface ExitCodeOptions {
  readonly execId: string
  readonly call: EngineCall
}
