import { existsSync, readFileSync } from 'node:fs'
import { defaultHost } from './engine-endpoint.mjs'
import { makeEngineDirectories } from './engine-files.mjs'
import { withEngineLock } from './engine-lock.mjs'
import { installEnginePackages } from './engine-packages.mjs'
import { EngineSetUpError } from './engine-set-up-error.mjs'
import { findEngine } from './find-engine.mjs'
import { startDockerd } from './start-dockerd.mjs'

/**
 * @typedef {object} SetUpOptions
 * @property {NodeJS.ProcessEnv} [env]
 * @property {(line: string) => void} [say] hears each thing that is done to the machine, before it is done
 */

/**
 * Resolves with an engine that answers: an existing one, or one that it installs and starts, which keeps running after
 * this process until `stopEngine`. Concurrent calls start one engine. Changes the machine only as root on Debian or Ubuntu,
 * and not when CAPSTAN_ENGINE is `none` or the user named another endpoint.
 *
 * @param {SetUpOptions} [options]
 * @returns {Promise<import('./find-engine.mjs').FoundEngine>}
 * @throws {EngineSetUpError} with the reason and a remedy
 */
export async function setUpEngine({ env = process.env, say = () => {} } = {}) {
  const found = await findEngine(env)
  if (found.available) return found
  const obstacle = findObstacle(found, env)
  if (obstacle) throw new EngineSetUpError(obstacle)
  const onWait = () => say('Waiting for another process that sets up an engine')
  return withEngineLock(() => installAndStart(env, say), { onWait })
}

/**
 * Returns the reason why no engine can be started here; `undefined` when one can.
 *
 * @param {import('./find-engine.mjs').NoEngine} found
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | undefined}
 */
export function findObstacle({ endpoint, reason, code }, env) {
  // An engine may exist that this user cannot access; another one could not use the same socket.
  if (code === 'EACCES') return reason
  if (code === 'TIMED_OUT') return `${reason}: wait until the machine is less busy, and try again`
  if (env.CAPSTAN_ENGINE === 'none') return `${reason}, and CAPSTAN_ENGINE=none refuses to set one up`
  if (endpoint.host !== defaultHost) return `${reason}; ${endpoint.source} names that engine: start it, or unset it`
  if (process.platform !== 'linux' || !isDebianLike()) {
    return `${reason}; one can be set up by itself on Debian and Ubuntu only: install Docker as its documentation says`
  }
  if (process.getuid?.() !== 0) return `${reason}; only root can set one up: try again as root, or start Docker`
  return undefined
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {(line: string) => void} say
 */
async function installAndStart(env, say) {
  makeEngineDirectories()
  await installEnginePackages(say)
  // The previous holder of the lock, or systemd after the installation, may have started one by now.
  const found = await findEngine(env)
  return found.available ? found : startDockerd({ env, say })
}

function isDebianLike() {
  if (!existsSync('/etc/os-release')) return false
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'))
}
