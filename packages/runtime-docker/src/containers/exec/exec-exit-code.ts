import { createHostError, poll } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../../engine/docker-engine.js'
import { toExecExitCode } from '../../quirks/container-quirks.js'

/**
 * Resolves with the exit code of a process whose output has ended. The engine records it shortly after; if it does not,
 * rejects with EXIT_CODE_UNKNOWN. `output` is the beginning of the output.
 */
export async function readExitCode(
  engine: DockerEngine,
  { execId, call }: ExitCodeOptions,
  output: string = '',
): Promise<number> {
  const api = await engine.api(call)
  const ask = async () => {
    const process = await api.getExec(execId).inspect()
    return process.Running === true ? undefined : toExecExitCode(process, output)
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
