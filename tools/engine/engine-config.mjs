import { readFileSync } from 'node:fs'
import { EngineSetUpError } from './engine-set-up-error.mjs'

/**
 * Returns the configuration for an engine that this tool starts: the `daemon.json` of the machine with the endpoint and,
 * when capabilities are withheld, the wrapper of runc. It is a separate file, because dockerd refuses an option that is
 * both in a file and on its command line.
 *
 * @param {Readonly<Record<string, unknown>>} own of `/etc/docker/daemon.json`
 * @param {{ readonly host: string, readonly runtime?: string | undefined, readonly dataRoot?: string | undefined }} options
 *   `runtime` is the path of a program like runc
 */
export function toEngineConfig(own, { host, runtime, dataRoot }) {
  const runtimes = {
    ...(isRecord(own.runtimes) ? own.runtimes : {}),
    ...(runtime && { [runtimeName]: { path: runtime } }),
  }
  return {
    ...own,
    hosts: [host],
    ...(Object.keys(runtimes).length > 0 && { runtimes }),
    ...(runtime && { 'default-runtime': runtimeName }),
    ...(dataRoot && { 'data-root': dataRoot }),
  }
}

/** Reads the machine's configuration of dockerd; empty when there is none. */
export function readOwnConfig(file = '/etc/docker/daemon.json') {
  try {
    const own = JSON.parse(readFileSync(file, 'utf8'))
    return isRecord(own) ? own : {}
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {}
    throw new EngineSetUpError(`${file} cannot be read: ${error instanceof Error ? error.message : error}`)
  }
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isRecord(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const runtimeName = 'capstan-runc'
