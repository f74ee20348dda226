import { findSimulatorProblem } from '../packages/runtime-apple/test/simulator/set-up.mjs'
import { installPackages } from './engine/engine-packages.mjs'
import { EngineSetUpError } from './engine/engine-set-up-error.mjs'
import { isMain } from './is-main.mjs'
import { runTool } from './run-tool.mjs'

/** Installs the missing packages of the simulator of Apple's command from Debian's archive. */
async function up() {
  await installPackages(needed, console.log)
  return await status()
}

async function status() {
  const problem = findSimulatorProblem()
  console.log(problem === undefined ? "Apple's command can be simulated here" : `It cannot be simulated: ${problem}`)
  return problem === undefined ? 0 : 1
}

const needed = [
  { name: 'busybox-static', program: 'busybox' },
  { name: 'perl-base', program: 'perl' },
  { name: 'util-linux', program: 'unshare' },
  { name: 'util-linux', program: 'prlimit' },
  { name: 'tar', program: 'tar' },
]

if (isMain(import.meta.url)) await runTool('tools/simulator.mjs', { up, status }, EngineSetUpError)
