import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isRunning } from './process-identity.mjs'

/** Holds what a boot may forget; only root can write there. */
const runDirectory = '/run/capstan-engine'

/** Holds programs and data: `/run` is often mounted so that nothing in it can be executed. */
const dataDirectory = '/var/lib/capstan-engine'

/** The files of an engine that this tool set up. They belong to the machine and not to a checkout, as the socket does. */
export const engineFiles = {
  state: join(runDirectory, 'engine.json'),
  log: join(dataDirectory, 'dockerd.log'),
  config: join(dataDirectory, 'daemon.json'),
  runc: join(dataDirectory, 'runc-without-withheld'),
  programs: join(dataDirectory, 'bin'),
  data: join(dataDirectory, 'docker'),
}

/**
 * What is remembered of the engine that was started here.
 *
 * @typedef {object} EngineState
 * @property {import('./process-identity.mjs').ProcessIdentity} dockerd
 * @property {string} host
 * @property {string} log
 */

/** Makes the directories of {@link engineFiles}. */
export function makeEngineDirectories() {
  mkdirSync(runDirectory, { recursive: true, mode: 0o755 })
  mkdirSync(dataDirectory, { recursive: true, mode: 0o711 })
}

/** @returns {EngineState | undefined} nothing where none was started, or the file is not readable as one */
export function readEngineState() {
  try {
    return JSON.parse(readFileSync(engineFiles.state, 'utf8'))
  } catch {
    return undefined
  }
}

/** Gives the engine that was set up here, if it still runs. */
export function findOwnEngine() {
  const state = readEngineState()
  return state && isRunning(state.dockerd) ? state : undefined
}

/** @param {EngineState} state */
export function writeEngineState(state) {
  writeFileSync(engineFiles.state, `${JSON.stringify(state, undefined, 2)}\n`)
}

export function removeEngineState() {
  rmSync(engineFiles.state, { force: true })
}
