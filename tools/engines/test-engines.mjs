import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { EngineSetUpError } from '../engine/engine-set-up-error.mjs'
import { testImages } from '../engine/test-image.mjs'
import { isMain } from '../is-main.mjs'
import { runStep, StepError, showStepError } from '../step.mjs'
import { prepareWorkspace, root, scratch } from '../workspace.mjs'
import { findMatrixEngines } from './engine-matrix.mjs'
import {
  findFailedCases,
  findFailedFiles,
  findFailedTitles,
  toKitResult,
  toResultTable,
  toTestResult,
} from './engine-results.mjs'
import { runBesideEngine } from './run-beside-engine.mjs'
import { startMatrixEngine, stopMatrixEngine } from './set-up-matrix-engine.mjs'

/**
 * `pnpm test:engines [--kit] NAME…|all`: runs the kit and, without `--kit`, the integration tests that use an engine on engines of
 * the matrix, one after the other. What fails is tried again alone, and counts if it fails again. Prints a table, and writes it with the
 * failures to `.capstan/engines.json` and the output to `.capstan/engines`. Exits with 1 when something failed.
 *
 * @param {string[]} args
 */
async function main(args) {
  const { values, positionals } = parseArgs({ args, options: { kit: { type: 'boolean' } }, allowPositionals: true })
  const engines = findMatrixEngines(positionals)
  if (typeof engines === 'string') throw new StepError(engines)
  await prepareWorkspace()
  const results = []
  for (const engine of engines) {
    results.push(await testEngine(engine, { kitOnly: values.kit === true }))
    writeFileSync(join(scratch, 'engines.json'), `${JSON.stringify(results, undefined, 2)}\n`)
  }
  console.log(`\n${toResultTable(results)}`)
  const failures = results.flatMap(({ engine, failures }) => failures.map((failure) => ({ engine, ...failure })))
  for (const { engine, test, error } of failures) console.log(`\n${engine}: ${test}\n  ${error}`)
  return failures.length === 0 ? 0 : 1
}

/**
 * @param {import('./engine-matrix.mjs').MatrixEngine} engine
 * @param {{ readonly kitOnly: boolean }} options
 * @returns {Promise<import('./engine-results.mjs').EngineResult>}
 */
async function testEngine(engine, { kitOnly }) {
  const start = performance.now()
  const directory = join(scratch, 'engines', engine.name)
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  let version = ''
  await runStep(`${engine.name}: starting`, async (say) => {
    version = await startMatrixEngine(engine, say)
    return version
  })
  try {
    const cases = await runTested(`${engine.name}: kit`, () => runKit(engine, directory))
    const tests = kitOnly
      ? { failures: [] }
      : await runTested(`${engine.name}: integration tests`, () => runTests(engine, directory))
    const failures = [...cases.failures, ...tests.failures]
    const seconds = Math.round((performance.now() - start) / 1000)
    return { engine: engine.name, version, ...cases, ...tests, failures, seconds }
  } finally {
    await stopMatrixEngine(engine, console.log)
  }
}

/**
 * @template {{ readonly failures: readonly unknown[] }} T
 * @param {string} title
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
async function runTested(title, work) {
  /** @type {T | undefined} */
  let result
  await runStep(title, async () => {
    result = await work()
    return `${result.failures.length} failed`
  })
  if (result === undefined) throw new StepError(`${title} gave no result`)
  return result
}

/**
 * @param {import('./engine-matrix.mjs').MatrixEngine} engine
 * @param {string} directory
 */
async function runKit(engine, directory) {
  /**
   * @param {string} name
   * @param {readonly string[]} args
   */
  const run = async (name, args) => {
    const report = join(directory, `${name}.json`)
    const command = [process.execPath, cli, 'conformance', ...kitArguments, '--report', report, ...args]
    return /** @type {Promise<import('./engine-results.mjs').KitReport>} */ (
      runForReport(engine, command, { report, log: join(directory, `${name}.log`) })
    )
  }
  const first = await run('kit', [])
  const failed = findFailedCases(first)
  if (failed.length === 0) return toKitResult(first)
  return toKitResult(first, await run('kit-alone', ['--only', failed.join(','), '--concurrency', '1']))
}

/**
 * @param {import('./engine-matrix.mjs').MatrixEngine} engine
 * @param {string} directory
 */
async function runTests(engine, directory) {
  /**
   * @param {string} name
   * @param {readonly string[]} args
   */
  const run = async (name, args) => {
    const report = join(directory, `${name}.json`)
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    const command = [process.execPath, vitest, 'run', '--project=integration', ...reporters, ...args]
    return /** @type {Promise<import('./engine-results.mjs').TestReport>} */ (
      runForReport(engine, command, { report, log: join(directory, `${name}.log`) })
    )
  }
  const first = await run('integration', listEngineTests())
  const failed = findFailedFiles(first)
  if (failed.length === 0) return toTestResult(first)
  return toTestResult(first, await run('integration-alone', ['--no-file-parallelism', ...toPattern(first), ...failed]))
}

/**
 * Returns the option that limits a run to the tests that failed; nothing when a file fails outside of its tests.
 *
 * @param {import('./engine-results.mjs').TestReport} report
 */
function toPattern(report) {
  const titles = findFailedTitles(report)
  if (titles === undefined) return []
  return ['--testNamePattern', `^(${titles.map((title) => title.replace(/[^\w ]/g, '\\$&')).join('|')})$`]
}

/** Lists the integration tests that use an engine: the others give the same result beside every engine. */
function listEngineTests() {
  const folders = ['test', ...readdirSync(join(root, 'packages')).map((name) => join('packages', name, 'test'))]
  const files = folders.filter((folder) => existsSync(join(root, folder))).flatMap(listFiles)
  return files.filter((file) => {
    const isTest = file.endsWith('.integration.test.ts')
    return isTest && /\/test-(engine|buildkit)\.js'/.test(readFileSync(join(root, file), 'utf8'))
  })
}

/** @param {string} folder */
function listFiles(folder) {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))
}

/**
 * Runs a command and returns the report that it writes. Its exit status is in the report as well.
 *
 * @param {import('./engine-matrix.mjs').MatrixEngine} engine
 * @param {readonly string[]} command
 * @param {{ readonly report: string, readonly log: string }} files
 * @returns {Promise<unknown>}
 */
async function runForReport(engine, command, { report, log }) {
  const output = openSync(log, 'w')
  const status = await runBesideEngine(engine, command, output).finally(() => closeSync(output))
  try {
    return JSON.parse(readFileSync(report, 'utf8'))
  } catch {
    throw new StepError(`${command.slice(1, 3).join(' ')} ended with ${status} and wrote no report`, {
      output: readFileSync(log, 'utf8').split('\n').slice(-40).join('\n'),
      advice: `All of its output is in ${relative(root, log)}.`,
    })
  }
}

/**
 * Whether the message of an error tells what to do: no engine could be set up, or an option is unknown.
 *
 * @param {unknown} error
 * @returns {error is Error}
 */
function isAnswered(error) {
  if (error instanceof EngineSetUpError) return true
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
}

const cli = join(root, 'packages', 'cli', 'dist', 'bin.js')
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const kitArguments = [
  ...['--plugin', join(root, 'packages', 'conformance', 'test', 'fixtures', 'docker-plugin.mjs')],
  ...['--image', testImages.busybox, '--firewall-image', testImages.firewall],
  ...['--unavailable-env', 'DOCKER_HOST=unix:///nowhere/docker.sock'],
]

if (isMain(import.meta.url)) {
  try {
    process.exitCode = await main(process.argv.slice(2))
  } catch (error) {
    showStepError(isAnswered(error) ? new StepError(error.message) : error)
    process.exitCode = 1
  }
}
