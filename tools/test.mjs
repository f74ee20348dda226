import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { runAttached } from './run-attached.mjs'
import { showStepError } from './step.mjs'
import { readTestCounts, toSummary } from './test-counts.mjs'
import { prepareWorkspace, root, scratch } from './workspace.mjs'

/**
 * `npm test`: installs and builds if needed, then runs the unit, types and integration tests. Further arguments are passed
 * to vitest. Without an engine its tests are skipped and the reason is printed (see test/support); with
 * CAPSTAN_REQUIRE_ENGINE=1 that is a failure. The last line is a summary.
 *
 * @param {readonly string[]} args
 */
async function main(args) {
  await prepareWorkspace()
  mkdirSync(scratch, { recursive: true })
  rmSync(reportFile, { force: true })
  const status = await runAttached([vitest, 'run', ...projects, ...reporters, ...args], { cwd: root })
  if (!existsSync(reportFile)) console.error('vitest wrote no report: it was interrupted, or found no tests')
  const counts = readTestCounts(reportFile, status)
  console.log(toSummary(counts))
  return status === 0 && counts.failed > 0 ? 1 : status
}

const reportFile = join(scratch, 'test-report.json')
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
// Excludes projects that take minutes: `kit` and `faults` run the whole conformance kit, `packed` installs packages.
const projects = ['unit', 'types', 'integration'].map((name) => `--project=${name}`)
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`]

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  showStepError(error)
  process.exitCode = 1
}
