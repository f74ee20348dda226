import { join } from 'node:path'
import { runProgram } from '../tools/run-program.mjs'
import { runStep } from '../tools/step.mjs'
import { root } from '../tools/workspace.mjs'

/**
 * `pnpm check`: runs all checks that are not tests; none needs an engine, and prints one line for each and the output of those
 * that fail. A failure does not stop the other checks. Requires installed dependencies.
 *
 * @returns {Promise<number>} how many failed
 */
async function main() {
  const failed = []
  for (const check of checks) if (!(await passes(check))) failed.push(check.title)
  console.log(failed.length === 0 ? 'All checks passed' : `Failed: ${failed.join(', ')}`)
  return failed.length
}

/** @param {{ readonly title: string, readonly runs: readonly (readonly string[])[] }} check */
async function passes({ title, runs }) {
  /** @type {string[]} */
  const outputs = []
  await runStep(title, async () => {
    for (const run of runs) outputs.push(...(await findFailure(run)))
    return outputs.length > 0 ? 'failed' : ''
  })
  for (const output of outputs) console.log(`\n${output.trimEnd()}\n`)
  return outputs.length === 0
}

/**
 * @param {readonly string[]} run a program of Node, by its path in the checkout, and its arguments
 * @returns {Promise<readonly string[]>} what it wrote, if it failed
 */
async function findFailure([program = '', ...args]) {
  const { code, output } = await runProgram(process.execPath, [join(root, program), ...args], { cwd: root })
  return code === 0 ? [] : [output]
}

const colors = process.stdout.isTTY ? 'force' : 'off'
const modules = 'node_modules'
const tsc = join(modules, 'typescript', 'bin', 'tsc')

const checks = [
  {
    title: 'Format and lint',
    runs: [[join(modules, '@biomejs', 'biome', 'bin', 'biome'), 'ci', `--colors=${colors}`, '.']],
  },
  {
    title: 'Types',
    runs: [
      [tsc, '-b'],
      [tsc, '-p', 'tsconfig.test.json'],
    ],
  },
  { title: 'Boundaries of packages', runs: [['scripts/check-boundaries.mjs']] },
  { title: 'Generated protocol code', runs: [['scripts/check-generated.mjs']] },
  { title: 'Files with one importer', runs: [['scripts/check-single-use.mjs']] },
  { title: 'Cycles', runs: [['scripts/check-cycles.mjs']] },
  { title: 'Checks of runtime types', runs: [['scripts/check-runtime-types.mjs']] },
  { title: 'Names of options', runs: [['scripts/check-option-names.mjs']] },
  { title: 'Reads of the process environment', runs: [['scripts/check-environment.mjs']] },
  { title: 'Unused code and dependencies', runs: [[join(modules, 'knip', 'bin', 'knip.js'), '--no-progress']] },
  { title: 'Exports of the packed packages', runs: [['scripts/check-exports.mjs']] },
]

process.exitCode = (await main()) > 0 ? 1 : 0
