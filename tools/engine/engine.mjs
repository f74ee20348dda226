import { isMain } from '../is-main.mjs'
import { runTool } from '../run-tool.mjs'
import { findOwnEngine } from './engine-files.mjs'
import { EngineSetUpError } from './engine-set-up-error.mjs'
import { findEngine } from './find-engine.mjs'
import { setUpEngine } from './set-up-engine.mjs'
import { stopEngine } from './stop-engine.mjs'

export { EngineSetUpError, findEngine, findOwnEngine, setUpEngine, stopEngine }

async function up() {
  const engine = await setUpEngine({ say: console.log })
  console.log(`${engine.name}, API ${engine.apiVersion}, answers at ${engine.endpoint.host}`)
  if (findOwnEngine()) console.log('Stop it with: node tools/engine/engine.mjs down')
  return 0
}

async function down() {
  const stopped = await stopEngine({ say: console.log })
  console.log(stopped ? 'The engine is stopped' : 'No engine that was set up here is running')
  return 0
}

async function showStatus() {
  const engine = await findEngine()
  const own = findOwnEngine()
  console.log(
    engine.available ? `${engine.name}, API ${engine.apiVersion}, answers at ${engine.endpoint.host}` : engine.reason,
  )
  if (own) console.log(`Set up here: dockerd has pid ${own.dockerd.pid}, its log is ${own.log}`)
  return engine.available ? 0 : 1
}

// `status` exits with 0 when an engine answers, else with 1.
if (isMain(import.meta.url)) {
  await runTool('tools/engine/engine.mjs', { up, down, status: showStatus }, EngineSetUpError)
}
