import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { chooseIptables } from './choose-iptables.mjs'
import { readOwnConfig, toEngineConfig } from './engine-config.mjs'
import { defaultHost } from './engine-endpoint.mjs'
import { engineFiles, removeEngineState, writeEngineState } from './engine-files.mjs'
import { findProgram } from './engine-packages.mjs'
import { EngineSetUpError } from './engine-set-up-error.mjs'
import { findEngine } from './find-engine.mjs'
import { findProcess } from './process-identity.mjs'
import { toRuncWrapper } from './runc-wrapper.mjs'
import { removeStalePidFiles } from './stale-pid-files.mjs'
import { waitForOtherDockerd } from './wait-for-other-dockerd.mjs'
import { readWithheldCapabilities } from './withheld-capabilities.mjs'

/**
 * Starts dockerd in a new session and resolves when it answers. When it does not start with the default data directory,
 * it is started once more with a data directory of this tool.
 *
 * @param {Required<import('./set-up-engine.mjs').SetUpOptions>} options
 * @returns {Promise<import('./find-engine.mjs').FoundEngine>}
 */
export async function startDockerd({ env, say }) {
  const other = removeStalePidFiles()
  if (other) return waitForOtherDockerd(other, { env, say })
  const own = readOwnConfig()
  const runtime = writeRuncWrapper(say)
  const path = await chooseIptables(say)
  try {
    return await tryDockerd({ env, say, path, own, runtime })
  } catch (error) {
    if (!(error instanceof EngineSetUpError)) throw error
    say(`${error.message}\nTrying again with data in ${engineFiles.data}`)
    removeStalePidFiles()
    return tryDockerd({ env, say, path, own, runtime, dataRoot: engineFiles.data })
  }
}

/**
 * @param {Required<import('./set-up-engine.mjs').SetUpOptions> &
 *   { path: string, own: Record<string, unknown>, runtime: string | undefined, dataRoot?: string }} options
 */
async function tryDockerd({ env, say, path, own, runtime, dataRoot }) {
  const config = toEngineConfig(own, { host: defaultHost, runtime, dataRoot })
  writeFileSync(engineFiles.config, `${JSON.stringify(config, undefined, 2)}\n`)
  say(`Starting dockerd (its log: ${engineFiles.log})`)
  const child = spawnDockerd(env, path)
  await once(child, 'spawn')
  const dockerd = findProcess(child.pid ?? 0)
  if (dockerd) writeEngineState({ dockerd, host: defaultHost, log: engineFiles.log })
  try {
    return await waitForAnswer(child, env)
  } catch (error) {
    await endChild(child)
    removeEngineState()
    throw error
  }
}

/**
 * The environment of dockerd, reduced to the variables that it needs, because dockerd also reads DOCKER_TLS_VERIFY.
 *
 * @param {NodeJS.ProcessEnv} env
 * @param {string} path
 */
function spawnDockerd(env, path) {
  const kept = Object.entries(env).filter(([name]) => /^(HOME|(https?|no)_proxy|DOCKER_RAMDISK)$/i.test(name))
  const log = openSync(engineFiles.log, 'w', 0o600)
  try {
    return spawn(findProgram('dockerd') ?? 'dockerd', ['--config-file', engineFiles.config], {
      detached: true,
      cwd: '/',
      stdio: ['ignore', log, log],
      env: { ...Object.fromEntries(kept), PATH: path },
    })
  } finally {
    closeSync(log)
  }
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {NodeJS.ProcessEnv} env
 */
async function waitForAnswer(child, env) {
  for (const end = Date.now() + startTimeoutMs; Date.now() < end; await delay(intervalMs)) {
    const found = await findEngine(env)
    if (found.available) {
      child.unref()
      return found
    }
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new EngineSetUpError(`dockerd ended with ${child.exitCode ?? child.signalCode}. ${toLogTail()}`)
    }
  }
  throw new EngineSetUpError(`dockerd did not answer for ${startTimeoutMs / 1000} s. ${toLogTail()}`)
}

/** @param {import('node:child_process').ChildProcess} child */
async function endChild(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const kill = setTimeout(() => child.kill('SIGKILL'), 20_000)
  await exited
  clearTimeout(kill)
}

/**
 * @param {(line: string) => void} say
 * @returns {string | undefined} the path of the program to use instead of runc
 */
function writeRuncWrapper(say) {
  const withheld = readWithheldCapabilities()
  if (withheld.length === 0) return undefined
  say(`This machine withholds ${withheld.join(', ')}: containers get a runc that does not ask for it`)
  writeFileSync(engineFiles.runc, toRuncWrapper({ runc: findProgram('runc') ?? 'runc', withheld }), { mode: 0o755 })
  return engineFiles.runc
}

function toLogTail() {
  const lines = readFileSync(engineFiles.log, 'utf8').trimEnd().split('\n')
  return `The end of ${engineFiles.log}:\n${lines.slice(-20).join('\n')}`
}

const startTimeoutMs = 60_000
const intervalMs = 200
