import { createHostError, poll } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../../engine/docker-engine.js'
import { isCommandMissing } from '../../engine/docker-error-texts.js'

/**
 * The exit code of a process whose output has ended. The engine books it a moment later; never: EXIT_CODE_UNKNOWN.
 *
 * `output` is what the process seems to have written. Docker 20.10 books 126 for every command that does not start, with
 * process id 0, and sends the words of the OCI runtime as output: a missing command is then 127, as with other engines.
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
  const reason = 'its output ended, and the engine still has it running'
  throw createHostError('EXIT_CODE_UNKNOWN', { id: execId, reason })
}

interface ExitCodeOptions {
  readonly execId: string
  readonly call: EngineCall
}
