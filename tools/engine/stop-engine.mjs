import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { readEngineState, removeEngineState } from './engine-files.mjs'
import { withEngineLock } from './engine-lock.mjs'
import { EngineSetUpError } from './engine-set-up-error.mjs'
import { findProcess, isRunning } from './process-identity.mjs'

/**
 * Stops the engine that `setUpEngine` started, with its running containers, and resolves when its processes have exited.
 * Does not stop another engine or another process that has the same pid by now.
 *
 * @param {{ readonly say?: (line: string) => void }} [options]
 * @returns {Promise<boolean>} false where there was none to stop
 */
export async function stopEngine({ say = () => {} } = {}) {
  if (!readEngineState()) return false
  if (process.getuid?.() !== 0) throw new EngineSetUpError('only root can stop the engine that was set up here')
  return withEngineLock(async () => {
    const state = readEngineState()
    if (!state) return false
    const stopped = isRunning(state.dockerd)
    if (stopped) await stopDockerd(state.dockerd, say)
    removeEngineState()
    return stopped
  })
}

/**
 * @param {import('./process-identity.mjs').ProcessIdentity} dockerd
 * @param {(line: string) => void} say
 */
async function stopDockerd(dockerd, say) {
  say(`Stopping dockerd (pid ${dockerd.pid})`)
  const helpers = findHelpers(dockerd.pid)
  process.kill(dockerd.pid, 'SIGTERM')
  if (!(await waitUntilGone([dockerd], stopTimeoutMs))) {
    throw new EngineSetUpError(`dockerd (pid ${dockerd.pid}) does not stop; see its log`)
  }
  if (await waitUntilGone(helpers, helperTimeoutMs)) return
  const left = helpers.filter(isRunning)
  say(`Ending what dockerd left behind: ${left.map(({ pid }) => `pid ${pid}`).join(', ')}`)
  for (const { pid } of left) process.kill(pid, 'SIGKILL')
  await waitUntilGone(left, helperTimeoutMs)
}

/**
 * Finds the processes of this dockerd: its descendants (containerd, proxies of ports), and the shims of containers, which
 * are no descendants but have the address of its containerd as an argument.
 *
 * @param {number} dockerd
 */
function findHelpers(dockerd) {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
  const parents = new Map(all.map((pid) => [pid, readParent(pid)]))
  /** @param {number | undefined} pid @returns {boolean} */
  const descends = (pid) => pid === dockerd || (pid !== undefined && pid > 1 && descends(parents.get(pid)))
  const helpers = all.filter((pid) => pid !== dockerd && (descends(pid) || isShim(pid)))
  return helpers.map(findProcess).filter((helper) => helper !== undefined)
}

/** @param {number} pid */
function isShim(pid) {
  const [program = '', ...args] = readCommandLine(pid)
  return program.includes('containerd-shim') && args[args.indexOf('-address') + 1] === containerdSocket
}

/** @param {number} pid */
function readCommandLine(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}

/** @param {number} pid */
function readParent(pid) {
  try {
    return Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  } catch {
    return undefined
  }
}

/**
 * @param {readonly import('./process-identity.mjs').ProcessIdentity[]} processes
 * @param {number} timeoutMs
 */
async function waitUntilGone(processes, timeoutMs) {
  for (const end = Date.now() + timeoutMs; Date.now() < end; await delay(100)) {
    if (!processes.some(isRunning)) return true
  }
  return !processes.some(isRunning)
}

const containerdSocket = '/var/run/docker/containerd/containerd.sock'

// dockerd gives its containers 15 s to exit before it kills them.
const stopTimeoutMs = 40_000
const helperTimeoutMs = 5_000
