import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { withEngineLock } from '../engine/engine-lock.mjs'
import { findProgram } from '../engine/engine-packages.mjs'
import { requestEngine } from '../engine/engine-request.mjs'
import { EngineSetUpError } from '../engine/engine-set-up-error.mjs'
import { makeTestImages, testImages } from '../engine/test-image.mjs'
import { removeCgroups } from './cgroups.mjs'
import { startInNamespaces } from './engine-namespaces.mjs'
import { endEngine, findContainerCgroups, findEngineProcesses } from './engine-processes.mjs'
import { toCgroup, writeEngineProgram } from './engine-program.mjs'
import {
  findMatrixState,
  makeMatrixDirectories,
  removeMatrixDirectories,
  toMatrixFiles,
  writeMatrixState,
} from './matrix-files.mjs'
import { prepareSuiteRoot } from './suite-root.mjs'

/** @typedef {import('./engine-matrix.mjs').MatrixEngine} MatrixEngine */

/**
 * Resolves with the version of an engine of the matrix that answers and has the test images. It is started unless it runs.
 *
 * @param {MatrixEngine} engine
 * @param {(line: string) => void} say
 * @returns {Promise<string>}
 * @throws {EngineSetUpError} with the reason and a remedy; then nothing of the engine is left running
 */
export async function startMatrixEngine(engine, say) {
  const [version = ''] = await startMatrixEngines([engine], say)
  return version
}

/**
 * Starts several engines at once, see {@link startMatrixEngine}.
 *
 * @param {readonly MatrixEngine[]} engines
 * @param {(line: string) => void} say
 * @returns {Promise<readonly string[]>} their versions
 * @throws {EngineSetUpError} with the reason and a remedy; then nothing of the engines that failed is left running
 */
export function startMatrixEngines(engines, say) {
  requireMachine()
  return withMatrixLock(say, async () => {
    for (const engine of engines) if (findMatrixState(engine.name) === undefined) await start(engine, say)
    const results = await Promise.allSettled(engines.map(finishStart))
    for (const result of results) if (result.status === 'rejected') throw result.reason
    return results.map((result) => (result.status === 'fulfilled' ? result.value : ''))
  })
}

/** @param {MatrixEngine} engine */
async function finishStart(engine) {
  const version = await waitForVersion(engine)
  if (!version.startsWith(engine.version)) {
    await stop(engine.name)
    throw new EngineSetUpError(
      `Debian's ${engine.suite} has ${engine.product} ${version} now: change ${engine.name} in tools/engines/engine-matrix.mjs`,
    )
  }
  await addImages(engine)
  return version
}

/**
 * Downloads and unpacks the packages of an engine of the matrix, without starting it. Does nothing if that has been done.
 *
 * @param {MatrixEngine} engine
 * @param {(line: string) => void} say
 */
export function prepareMatrixEngine({ suite }, say) {
  requireMachine()
  return withMatrixLock(say, () => prepareSuiteRoot(suite, say))
}

/**
 * Stops an engine of the matrix with its containers, and removes its data. The cached root is kept.
 *
 * @param {MatrixEngine} engine
 * @param {(line: string) => void} say
 * @returns {Promise<boolean>} false when it did not run
 */
export function stopMatrixEngine({ name }, say) {
  return withMatrixLock(say, () => stop(name))
}

/**
 * Kills engines with their containers at once, and removes their data.
 *
 * @param {readonly string[]} names
 * @param {(line: string) => void} say
 * @returns {Promise<boolean>} false when none of them ran
 */
export function killMatrixEngines(names, say) {
  return withMatrixLock(say, async () => {
    const stopped = await Promise.all(names.map((name) => stop(name, { graceMs: 0 })))
    return stopped.includes(true)
  })
}

/**
 * @template T
 * @param {(line: string) => void} say
 * @param {() => Promise<T>} work
 */
function withMatrixLock(say, work) {
  const onWait = () => say('Waiting for another process that starts or stops an engine of the matrix')
  return withEngineLock(work, { name: '\0capstan-engines', onWait })
}

function requireMachine() {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new EngineSetUpError('the engines of the matrix need Linux and root: try again as root')
  }
  const missing = ['apt-get', 'dpkg-deb', 'tar', 'unshare', 'nsenter', 'ip', 'bash'].filter(
    (name) => !findProgram(name),
  )
  if (missing.length > 0) {
    throw new EngineSetUpError(
      `the engines of the matrix need ${missing.join(', ')}; on Debian: apt-get install bash iproute2 tar util-linux`,
    )
  }
}

/**
 * @param {MatrixEngine} engine
 * @param {(line: string) => void} say
 */
async function start(engine, say) {
  const root = await prepareSuiteRoot(engine.suite, say)
  await stop(engine.name)
  makeMatrixDirectories(engine.name)
  const { run, store, log, upper, work, merged } = toMatrixFiles(engine.name)
  say(`Starting ${engine.name} (its log: ${log})`)
  const files = { root, layer: { upper, work, merged }, shared: [run, store], log }
  const { hostname } = engine
  const program = { ...writeEngineProgram(engine), ...files, ...(hostname !== undefined && { hostname }) }
  const init = await startInNamespaces(program)
  if (init) writeMatrixState(engine.name, { init, root })
}

/** @param {MatrixEngine} engine */
async function waitForVersion({ name }) {
  for (const end = Date.now() + startTimeoutMs; Date.now() < end && findMatrixState(name); await delay(100)) {
    const version = await readVersion(name)
    if (version) return version
  }
  const end = findMatrixState(name) ? `did not answer for ${startTimeoutMs / 1000} s` : 'ended'
  const log = readLogEnd(name)
  await stop(name)
  throw new EngineSetUpError(`${name} ${end}. The end of its log:\n${log}`)
}

/**
 * Returns the version that an engine of the matrix reports; `undefined` when it does not answer.
 *
 * @param {string} name
 * @returns {Promise<string | undefined>}
 */
export async function readVersion(name) {
  try {
    const { body } = await requestEngine(toConnection(name), '/version', { timeoutMs: 10_000 })
    return JSON.parse(body).Version
  } catch {
    return undefined
  }
}

/** @param {MatrixEngine} engine */
async function addImages({ name, product }) {
  const images = await makeTestImages(toConnection(name))
  for (const image of images) if (!image.made) throw new EngineSetUpError(`${image.name}: ${image.reason}`)
  if (product === 'podman') await keepDefaultNetwork(name)
}

/**
 * Runs a container that only waits. netavark adds the rules of a network with its first container and removes them with
 * its last one, and fails when both happen at once.
 *
 * @param {string} name
 */
async function keepDefaultNetwork(name) {
  const keeper = { Image: testImages.busybox, Cmd: ['sleep', '2147483647'], Labels: { 'capstan.test': '1' } }
  const options = { method: 'POST', body: Buffer.from(JSON.stringify(keeper)) }
  const created = await requestEngine(toConnection(name), '/containers/create?name=capstan-keeper', options)
  const isThere = created.status === 409 || /already in use/.test(created.body)
  if (created.status !== 201 && !isThere) throw new EngineSetUpError(`${name} creates no container: ${created.body}`)
  const started = await requestEngine(toConnection(name), '/containers/capstan-keeper/start', { method: 'POST' })
  if (started.status > 304) throw new EngineSetUpError(`${name} starts no container: ${started.body}`)
}

/**
 * Returns the connection to an engine of the matrix.
 *
 * @param {string} name
 * @returns {import('../engine/engine-endpoint.mjs').EngineConnection}
 */
export function toConnection(name) {
  return { protocol: 'http:', socketPath: toMatrixFiles(name).socket }
}

/**
 * Stops an engine if it runs, and removes its files and cgroups, also those of one that was killed.
 *
 * @param {string} name
 * @param {{ readonly graceMs?: number }} [options]
 */
async function stop(name, { graceMs = stopTimeoutMs } = {}) {
  const state = findMatrixState(name)
  const cgroups = findContainerCgroups(findEngineProcesses(name))
  if (!(await endEngine(name, { init: state?.init, graceMs }))) {
    const pids = findEngineProcesses(name).map(({ pid }) => pid)
    throw new EngineSetUpError(`processes of ${name} cannot be killed: ${pids.join(', ')}`)
  }
  removeMatrixDirectories(name)
  removeCgroups([toCgroup(name), ...cgroups])
  return state !== undefined
}

/** @param {string} name */
function readLogEnd(name) {
  try {
    return readFileSync(toMatrixFiles(name).log, 'utf8').trimEnd().split('\n').slice(-20).join('\n')
  } catch {
    return '(none)'
  }
}

const startTimeoutMs = 60_000
// dockerd gives its containers 15 s to exit before it kills them.
const stopTimeoutMs = 30_000
