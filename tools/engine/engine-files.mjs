import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isRunning } from './process-identity.mjs'

/** The folder of files that need not survive a reboot; only root can write to it. */
const runDirectory = '/run/capstan-engine'

/** The folder of programs and data, because `/run` is often mounted with noexec. */
const dataDirectory = '/var/lib/capstan-engine'

/** The files of an engine that this tool has started. Like the socket they are shared by all checkouts on the machine. */
export const engineFiles = {
  state: join(runDirectory, 'engine.json'),
  log: join(dataDirectory, 'dockerd.log'),
  config: join(dataDirectory, 'daemon.json'),
  runc: join(dataDirectory, 'runc-without-withheld'),
  programs: join(dataDirectory, 'bin'),
  data: join(dataDirectory, 'docker'),
}

/**
 * The stored state of the engine that this tool has started.
 *
 * @typedef {object} EngineState
 * @property {import('./process-identity.mjs').ProcessIdentity} dockerd
 * @property {string} host
 * @property {string} log
 */

/** Creates the directories of {@link engineFiles}. */
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

/** Returns the engine that this tool has started, if it is running. */
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
