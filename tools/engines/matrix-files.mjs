import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isRunning } from '../engine/process-identity.mjs'

/**
 * The folder of everything that is downloaded or unpacked, which all checkouts on this machine share. It may be removed when
 * no engine of the matrix runs.
 */
export const cacheDirectory = process.env.CAPSTAN_ENGINES_CACHE || '/var/cache/capstan-engines'

/**
 * The files of a running engine. Both folders have the same path inside the engine's root, and are removed with the engine.
 *
 * @param {string} name of the engine
 */
export function toMatrixFiles(name) {
  const run = join(runDirectory, name)
  const data = join('/var/lib/capstan-engines', name)
  return {
    run,
    data,
    state: join(run, 'engine.json'),
    socket: join(run, 'engine.sock'),
    log: join(data, 'engine.log'),
    /** The writable layer above the cached root, and where both are mounted. */
    upper: join(data, 'root', 'upper'),
    work: join(data, 'root', 'work'),
    merged: join(data, 'root', 'merged'),
    store: join(data, 'store'),
    /** The certificates of an engine with TLS and of its clients. */
    certificates: join(data, 'store', 'certificates'),
  }
}

/**
 * Creates the folders of an engine.
 *
 * @param {string} name
 */
export function makeMatrixDirectories(name) {
  const { run, upper, work, merged, store } = toMatrixFiles(name)
  for (const directory of [run, upper, work, merged, store]) mkdirSync(directory, { recursive: true, mode: 0o711 })
}

/**
 * Removes the folders of an engine that has ended.
 *
 * @param {string} name
 */
export function removeMatrixDirectories(name) {
  const { run, data } = toMatrixFiles(name)
  for (const directory of [run, data]) {
    rmSync(directory, { recursive: true, force: true })
    removeIfEmpty(dirname(directory))
  }
}

/** @param {string} directory */
function removeIfEmpty(directory) {
  try {
    rmdirSync(directory)
  } catch {
    // Another engine has its folder there, or none was ever started.
  }
}

/**
 * The stored state of a started engine: `init` is the process that started it and ends with it, `root` the cached root.
 *
 * @typedef {{ readonly init: import('../engine/process-identity.mjs').ProcessIdentity, readonly root: string }} MatrixEngineState
 */

/**
 * @param {string} name
 * @param {MatrixEngineState} state
 */
export function writeMatrixState(name, state) {
  writeFileSync(toMatrixFiles(name).state, `${JSON.stringify(state, undefined, 2)}\n`)
}

/**
 * Returns the state of the engine with this name while it runs.
 *
 * @param {string} name
 * @returns {MatrixEngineState | undefined}
 */
export function findMatrixState(name) {
  try {
    /** @type {MatrixEngineState} */
    const state = JSON.parse(readFileSync(toMatrixFiles(name).state, 'utf8'))
    return isRunning(state.init) ? state : undefined
  } catch {
    return undefined
  }
}

/**
 * Returns the cached roots of all engines that run, also those that another checkout has started.
 *
 * @returns {readonly string[]}
 */
export function listUsedRoots() {
  const names = existsSync(runDirectory) ? readdirSync(runDirectory) : []
  return names.flatMap((name) => findMatrixState(name)?.root ?? [])
}

const runDirectory = '/run/capstan-engines'
