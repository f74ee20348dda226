import { join } from 'node:path'
import { findEngine, findOwnEngine, setUpEngine } from './engine/engine.mjs'
import { runAttached } from './run-attached.mjs'
import { runStep, showStepError } from './step.mjs'
import { prepareWorkspace, root } from './workspace.mjs'

/** `npm start`: from a fresh clone to `capstan quickstart`, on a real engine where one can be had, else simulated. */
async function main() {
  await prepareWorkspace()
  await runStep('Looking for a container engine', findOrSetUpEngine)
  console.log()
  const status = await runAttached([join(root, 'packages', 'cli', 'dist', 'bin.js'), 'quickstart'], { cwd: root })
  if (findOwnEngine()) console.log('The engine goes on running. Stop it with: node tools/engine/engine.mjs down')
  return status
}

/** @param {(line: string) => void} say */
async function findOrSetUpEngine(say) {
  const found = await findEngine()
  if (found.available) return describe(found)
  try {
    return describe(await setUpEngine({ say }))
  } catch (error) {
    // Whatever the reason is, there is something to show without an engine.
    say(error instanceof Error ? error.message : String(error))
    // An endpoint that the user named is the only one: then the quickstart says what is wrong with it, and ends.
    // An engine that is only slow is not replaced by a simulation either.
    const isMeant = found.endpoint.chosen || found.code === 'TIMED_OUT'
    return isMeant ? 'none' : 'none: going on with the simulation'
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
