import { poll } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { findContainer } from './inspect-container.js'

/**
 * Whether a container whose output has ended still runs: then the output was cut off. The engine books the end of a
 * container a moment after that of its output, so it is asked again for a while.
 */
export async function stillRuns(engine: DockerEngine, call: EngineCall): Promise<boolean> {
  const limit = { limitMs: engine.timeouts.containerEndMs, signal: call.signal }
  const hasEnded = await poll(async () => ((await isRunning(engine, call)) ? undefined : true), limit)
  return hasEnded === undefined
}

async function isRunning(engine: DockerEngine, call: EngineCall): Promise<boolean> {
  return (await findContainer(engine, call))?.State?.Running === true
}
