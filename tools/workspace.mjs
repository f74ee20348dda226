import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isSupportedNode } from './node-version.mjs'
import { runProgram } from './run-program.mjs'
import { runStep, StepError } from './step.mjs'

/** The folder of the checkout, independent of the working directory. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** The folder of reports and other state of runs. Not part of the repository. */
export const scratch = join(root, '.capstan')

/** The root's package.json. @type {{ packageManager: string, engines: { node: string }, version: string }} */
export const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/**
 * Installs the dependencies of the lockfile and builds, so that the programs of the checkout run. Fast when both are up to
 * date. Requires only Node and npm; pnpm is fetched in the version that package.json names.
 *
 * @throws {StepError}
 */
export async function prepareWorkspace() {
  requireSupportedNode()
  await runStep('Installing dependencies', install)
  await runStep('Building', build)
}

function requireSupportedNode() {
  if (isSupportedNode(process.version, manifest.engines.node)) return
  throw new StepError(`Capstan needs Node ${manifest.engines.node}; this is ${process.version}`, {
    advice: 'Install a newer Node from https://nodejs.org, then try again.',
  })
}

async function install() {
  const command = [
    '--yes',
    manifest.packageManager,
    'install',
    '--frozen-lockfile',
    '--config.confirmModulesPurge=false',
  ]
  const { code, output } = await runProgram('npx', command, { cwd: root })
  if (code === 0) return
  throw new StepError(`npx ${command.join(' ')} ended with ${code}`, {
    output,
    advice: 'See above for the cause. A first run needs the npm registry; `npm ping` shows whether it is reachable.',
  })
}

async function build() {
  const { code, output } = await runProgram(process.execPath, [compiler, '-b'], { cwd: root })
  if (code === 0) return
  throw new StepError(`tsc -b ended with ${code}`, {
    output,
    advice: 'The sources do not compile. In a checkout that you did not change, this is a bug in Capstan: report it.',
  })
}

const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
