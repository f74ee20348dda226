import { createHostError } from '@capstan/core'
import { askUntil } from '../ask-until.js'
import type { DockerEngine, EngineCall } from '../docker-engine.js'

/** The exit code of a process whose output has ended. The engine books it a moment later; never: EXIT_CODE_UNKNOWN. */
export async function readExitCode(engine: DockerEngine, { execId, call }: ExitCodeOptions): Promise<number> {
  const api = await engine.api(call)
  const ask = async () => {
    const { Running, ExitCode } = await api.getExec(execId).inspect()
    return Running !== true && typeof ExitCode === 'number' ? ExitCode : undefined
  }
  const code = await askUntil(ask, { limitMs: engine.timeouts.execEndMs, signal: call.signal })
  if (code !== undefined) return code
  const reason = 'its output ended, and the engine still has it running'
  throw createHostError('EXIT_CODE_UNKNOWN', { id: execId, reason })
}

interface ExitCodeOptions {
  readonly execId: string
  readonly call: EngineCall
}
