import { isHostError } from '@capstan/core'
import type { DockerEngine, EngineCall } from '../docker-engine.js'
import { pause } from '../pause.js'
import { inspectContainer } from './inspect-container.js'

/**
 * Whether a container whose output has ended still runs: then the output was cut off. The engine books the end of a
 * container a moment after that of its output, so it is asked again for a while.
 */
export async function stillRuns(engine: DockerEngine, call: EngineCall): Promise<boolean> {
  for (let attempt = 1; attempt <= mostLooks; attempt += 1) {
    if (!(await isRunning(engine, call))) return false
    await pause(betweenLooksMs, call)
  }
  return true
}

async function isRunning(engine: DockerEngine, call: EngineCall): Promise<boolean> {
  try {
    return (await inspectContainer(engine, call)).State?.Running === true
  } catch (error) {
    if (isHostError(error, 'CONTAINER_NOT_FOUND')) return false
    throw error
  }
}

const mostLooks = 20
const betweenLooksMs = 50
