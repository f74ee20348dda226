import { EngineSetUpError } from '../engine/engine-set-up-error.mjs'
import { isMain } from '../is-main.mjs'
import { runTool } from '../run-tool.mjs'
import { findMatrixEngines, matrixEngines } from './engine-matrix.mjs'
import { findMatrixState, toMatrixFiles } from './matrix-files.mjs'
import { runBesideEngine } from './run-beside-engine.mjs'
import { prepareMatrixEngine, readVersion, startMatrixEngine, stopMatrixEngine } from './set-up-matrix-engine.mjs'

async function up() {
  for (const engine of findNamed()) {
    const version = await startMatrixEngine(engine, console.log)
    console.log(`${engine.name} (${version}) answers at ${toMatrixFiles(engine.name).socket}`)
    console.log(`Run a command beside it with: node tools/engines/matrix.mjs exec ${engine.name} -- COMMAND`)
  }
  return 0
}

async function prepare() {
  for (const engine of findNamed()) {
    await prepareMatrixEngine(engine, console.log)
    console.log(`${engine.name} can be started without downloads`)
  }
  return 0
}

async function down() {
  for (const engine of findNamed()) {
    const stopped = await stopMatrixEngine(engine, console.log)
    console.log(stopped ? `${engine.name} is stopped` : `${engine.name} was not running`)
  }
  return 0
}

/** Exits with 1 when an engine does not answer. */
async function status() {
  const [name] = process.argv.slice(3)
  const versions = []
  for (const engine of name === undefined ? matrixEngines : findNamed()) {
    const version = findMatrixState(engine.name) && (await readVersion(engine.name))
    versions.push(version)
    console.log(`${engine.name}: ${version === undefined ? 'not running' : `${version} answers`}`)
  }
  return versions.includes(undefined) ? 1 : 0
}

/** Runs a command in the network namespace of an engine, and exits with its status. */
async function exec() {
  const [name = '', dashes, program, ...args] = process.argv.slice(3)
  if (dashes !== '--' || program === undefined) throw new EngineSetUpError('exec needs: NAME -- COMMAND')
  const [engine] = find([name])
  if (engine === undefined) return 1
  const termination = new AbortController()
  // A terminal sends SIGINT to the command as well.
  process.on('SIGINT', () => {}).on('SIGTERM', () => termination.abort())
  return runBesideEngine(engine, [program, ...args], { output: 'inherit', signal: termination.signal })
}

function findNamed() {
  return find(process.argv.slice(3))
}

/** @param {readonly string[]} names */
function find(names) {
  const engines = findMatrixEngines(names)
  if (typeof engines === 'string') throw new EngineSetUpError(engines)
  return engines
}

// The commands take names of engines, or `all`; `status` without a name shows every engine.
if (isMain(import.meta.url))
  await runTool('tools/engines/matrix.mjs', { prepare, up, down, status, exec }, EngineSetUpError)
