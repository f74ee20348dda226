import { join } from 'node:path'
import { findEngine, findOwnEngine, setUpEngine } from './engine/engine.mjs'
import { toStopAdvice } from './engine/stop-advice.mjs'
import { runAttached } from './run-attached.mjs'
import { runStep, showStepError } from './step.mjs'
import { prepareWorkspace, root } from './workspace.mjs'

/** `npm start`: installs, builds and runs `capstan quickstart`, on a real engine if one is available, else simulated. */
async function main() {
  await prepareWorkspace()
  /** @type {{ engine: import('./engine/find-engine.mjs').FoundEngine | undefined, isNew: boolean }} */
  let found = { engine: undefined, isNew: false }
  await runStep('Looking for a container engine', async (say) => {
    const { text, ...rest } = await findOrSetUpEngine(say)
    found = rest
    return text
  })
  console.log()
  const status = await runAttached([join(root, 'packages', 'cli', 'dist', 'bin.js'), 'quickstart'], { cwd: root })
  const advice = toStopAdvice({ used: found.engine, own: findOwnEngine(), isNew: found.isNew })
  if (advice !== undefined) console.log(advice)
  return status
}

/** @param {(line: string) => void} say */
async function findOrSetUpEngine(say) {
  const found = await findEngine()
  if (found.available) return { engine: found, isNew: false, text: describe(found) }
  try {
    const engine = await setUpEngine({ say })
    return { engine, isNew: true, text: describe(engine) }
  } catch (error) {
    // The quickstart runs in the simulation when no engine can be started for any reason.
    say(error instanceof Error ? error.message : String(error))
    // The simulation replaces neither an endpoint that the user named nor a slow engine: the quickstart reports the error.
    const isRequired = found.endpoint.chosen || found.code === 'TIMED_OUT'
    return { engine: undefined, isNew: false, text: isRequired ? 'none' : 'none: continuing with the simulation' }
  }
}

/** @param {import('./engine/find-engine.mjs').FoundEngine} engine */
function describe(engine) {
  return `${engine.name} at ${engine.endpoint.host}`
}

try {
  process.exitCode = await main()
} catch (error) {
  showStepError(error)
  process.exitCode = 1
}
