import { setTimeout as delay } from 'node:timers/promises'
import { EngineSetUpError } from './engine-set-up-error.mjs'
import { findEngine } from './find-engine.mjs'
import { findProcess } from './process-identity.mjs'

/**
 * Waits until a dockerd answers that this tool has not started, for example one that its package or the boot has started.
 *
 * @param {number} pid
 * @param {Required<import('./set-up-engine.mjs').SetUpOptions>} options
 * @returns {Promise<import('./find-engine.mjs').FoundEngine>}
 * @throws {EngineSetUpError} when it exits or does not answer for a minute
 */
export async function waitForOtherDockerd(pid, { env, say }) {
  const name = `dockerd (pid ${pid}), which was not started here,`
  say(`dockerd runs already (pid ${pid}): waiting for its answer`)
  for (const end = Date.now() + timeoutMs; Date.now() < end; await delay(intervalMs)) {
    const found = await findEngine(env)
    if (found.available) return found
    if (!findProcess(pid)) throw new EngineSetUpError(`${name} has ended; try again`)
  }
  throw new EngineSetUpError(`${name} does not answer: stop it, then try again`)
}

const timeoutMs = 60_000
const intervalMs = 200
