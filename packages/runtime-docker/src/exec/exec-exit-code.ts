import { createHostError } from '@capstan/core'
import type { DockerEngine, EngineCall } from '../docker-engine.js'
import { pause } from '../pause.js'

/** The exit code of a process whose output has ended. The engine books it a moment later; never: EXIT_CODE_UNKNOWN. */
export async function readExitCode(engine: DockerEngine, { execId, call }: ExitCodeOptions): Promise<number> {
  for (const waitMs of waitsMs) {
    if (waitMs > 0) await pause(waitMs, call)
    const api = await engine.api({ ...call, operation: 'exec' })
    const { Running, ExitCode } = await api.getExec(execId).inspect()
    if (Running !== true && typeof ExitCode === 'number') return ExitCode
  }
  throw createHostError('EXIT_CODE_UNKNOWN', {
    id: execId,
    reason: 'its output ended, and the engine still has it running',
  })
}

interface ExitCodeOptions {
  readonly execId: string
  readonly call: EngineCall
}

/** About 5 s in all. */
const waitsMs = [0, 2, 5, 10, 20, 50, 100, 200, 400, 800, 1_600, 2_000] as const
