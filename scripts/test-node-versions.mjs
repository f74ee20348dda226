import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { runProgram } from '../tools/run-program.mjs'
import { runStep } from '../tools/step.mjs'
import { readTestCounts, toSummary } from '../tools/test-counts.mjs'
import { root, scratch } from '../tools/workspace.mjs'

/**
 * `pnpm test:node-versions`: runs the unit tests on the oldest Node of each line that Capstan supports, and on the newest.
 * The programs come from the npm registry (packages `node-<platform>-<processor>`) and stay in `.capstan/`; a version
 * that is not available for this platform is skipped with its reason. Requires installed dependencies.
 *
 * @param {readonly string[]} versions
 * @returns {Promise<number>} how many failed
 */
async function main(versions) {
  let failed = 0
  for (const version of versions) if ((await testOn(version)) === 'failed') failed++
  return failed
}

/** @param {string} version */
async function testOn(version) {
  let output = ''
  const outcome = await runStep(`Unit tests on Node ${version}`, async () => {
    const program = await installNode(version)
    if (!program.file) return `skipped: ${program.reason}`
    const run = await runTests(version, program.file)
    output = run.output
    return run.outcome
  })
  if (output) console.log(`\n${output.trimEnd()}\n`)
  return outcome.startsWith('skipped') || !output ? 'passed' : 'failed'
}

/**
 * @param {string} version
 * @returns {Promise<{ readonly file: string, readonly reason?: undefined } | { readonly file?: undefined, readonly reason: string }>}
 */
async function installNode(version) {
  const directory = join(scratch, 'nodes', version)
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const file = join(directory, 'node_modules', name, 'bin', 'node')
  if (existsSync(file)) return { file }
  mkdirSync(directory, { recursive: true })
  const command = ['install', '--prefix', directory, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts']
  const { code, output } = await runProgram('npm', [...command, `${name}@${version}`], { cwd: directory })
  if (code === 0 && existsSync(file)) return { file }
  return { reason: /npm (?:error|ERR!) (?!code)(.+)/.exec(output)?.[1] ?? `npm ended with ${code}` }
}

/**
 * @param {string} version
 * @param {string} node
 */
async function runTests(version, node) {
  const report = join(scratch, `test-report-node-${version}.json`)
  rmSync(report, { force: true })
  const args = ['run', '--project', 'unit', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` }
  const { code, output } = await runProgram(node, [join(root, 'node_modules', 'vitest', 'vitest.mjs'), ...args], {
    cwd: root,
    env,
  })
  const counts = readTestCounts(report, code)
  return { outcome: toSummary(counts), output: counts.failed === 0 ? '' : output }
}

const given = process.argv.slice(2)
process.exitCode = (await main(given.length > 0 ? given : ['20.19.0', '22.12.0', '24.0.0', '26'])) > 0 ? 1 : 0
