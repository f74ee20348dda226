import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { EngineSetUpError } from '../engine/engine-set-up-error.mjs'
import { findLeftovers, listEngineObjects } from '../engine/leftovers.mjs'
import { testImages } from '../engine/test-image.mjs'
import { isMain } from '../is-main.mjs'
import { runStep, StepError, showStepError } from '../step.mjs'
import { prepareWorkspace, root, scratch } from '../workspace.mjs'
import { prepareBuildx } from './docker-buildx.mjs'
import { prepareCompose, toComposeRelease } from './docker-compose.mjs'
import {
  findFailedCases,
  findFailedFiles,
  findFailedTitles,
  joinTestResults,
  toKitResult,
  toLeftoverFailures,
  toResultTable,
  toTestResult,
} from './engine-results.mjs'
import { optionalSuites, planSuites } from './engine-suites.mjs'
import { findMatrixState } from './matrix-files.mjs'
import { runBesideEngine } from './run-beside-engine.mjs'
import { startMatrixEngine, stopMatrixEngine, toConnection } from './set-up-matrix-engine.mjs'
import { InterruptedError, withEngine } from './with-engine.mjs'

/**
 * `pnpm test:engines [--kit] [--builds NAME,…] [--remote NAME,…] [--compose NAME,…] NAME…|all`: runs the kit and, without `--kit`,
 * the integration tests that use an engine on engines of the matrix, one after the other; on the engines of `--builds` the tests of
 * builds by their BuildKit, on those of `--remote` the tests of connections over TLS and ssh, and on those of `--compose` the tests of
 * Compose projects. What fails is tried again alone, and counts if it fails again. Prints a table, and writes it with the failures to
 * `.capstan/engines.json` and the output to `.capstan/engines`. An object that the tests leave in an engine is a failure. Exits with 1 when something failed.
 * SIGINT and SIGTERM stop the engine that was started.
 *
 * @param {string[]} args
 */
async function main(args) {
  const options = /** @type {const} */ ({
    kit: { type: 'boolean' },
    builds: { type: 'string' },
    remote: { type: 'string' },
    compose: { type: 'string' },
  })
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true })
  const plans = planSuites(positionals, values)
  if (typeof plans === 'string') throw new StepError(plans)
  await prepareWorkspace()
  const results = []
  for (const { engine, suites } of plans) {
    results.push(await testEngine(engine, suites))
    writeFileSync(join(scratch, 'engines.json'), `${JSON.stringify(results, undefined, 2)}\n`)
  }
  console.log(`\n${toResultTable(results)}`)
  for (const { engine, unsupported = [] } of results) {
    for (const { test, reason } of unsupported) console.log(`\n${engine} does not support: ${test}\n  ${reason}`)
  }
  const failures = results.flatMap(({ engine, failures }) => failures.map((failure) => ({ engine, ...failure })))
  for (const { engine, test, error } of failures) console.log(`\n${engine}: ${test}\n  ${error}`)
  return failures.length === 0 ? 0 : 1
}

/**
 * @param {import('./engine-matrix.mjs').MatrixEngine} engine
 * @param {readonly import('./engine-suites.mjs').EngineSuite[]} suites
 * @returns {Promise<import('./engine-results.mjs').EngineResult>}
 */
async function testEngine(engine, suites) {
  const start = performance.now()
  const directory = join(scratch, 'engines', engine.name)
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  const wasRunning = findMatrixState(engine.name) !== undefined
  let version = ''
  const result = await withEngine({
    wasRunning,
    start: () =>
      runStep(`${engine.name}: starting`, async (say) => {
        version = await startMatrixEngine(engine, say)
        // Tests build with it beside Capstan.
        if (engine.product === 'docker' && suites.includes('integration')) await prepareBuildx(say)
        if (suites.includes('compose') || suites.includes('remote')) await prepareCompose(toComposeRelease(engine), say)
        return version
      }),
    work: (signal) => runSuites({ engine, directory, signal }, { suites, isShared: wasRunning }),
    stop: () => stopMatrixEngine(engine, console.log),
  })
  return { engine: engine.name, version, ...result, seconds: Math.round((performance.now() - start) / 1000) }
}

/**
 * What a suite runs on: the directory is for its reports, and the signal ends it.
 *
 * @typedef {object} SuiteContext
 * @property {import('./engine-matrix.mjs').MatrixEngine} engine
 * @property {string} directory
 * @property {AbortSignal} signal
 */

/**
 * @param {SuiteContext} context
 * @param {{ readonly suites: readonly import('./engine-suites.mjs').EngineSuite[], readonly isShared: boolean }} options
 */
async function runSuites(context, { suites, isShared }) {
  const { name, product } = context.engine
  const before = await listEngineObjects(toConnection(name))
  const none = { failures: [] }
  const cases = suites.includes('kit') ? await runTested(`${name}: kit`, () => runKit(context)) : none
  const integration = { suite: /** @type {const} */ ('integration'), files: listEngineTests() }
  const tests = suites.includes('integration')
    ? await runTested(`${name}: integration tests`, () => runTests(context, integration))
    : none
  const optional = []
  for (const suite of optionalSuites.filter((suite) => suites.includes(suite))) {
    const files = suite === 'compose' && product === 'podman' ? composeFilesOnPodman : []
    optional.push(await runTested(`${name}: ${suite}`, () => runTests(context, { suite, files })))
  }
  const now = await listEngineObjects(toConnection(name))
  const leftovers = toLeftoverFailures(findLeftovers(before, now, { isShared, keepsSteps: product === 'podman' }))
  const failures = [cases, tests, ...optional].flatMap((result) => result.failures)
  return {
    ...cases,
    ...joinTestResults([...('tests' in tests ? [tests] : []), ...optional]),
    failures: [...failures, ...leftovers],
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

/** @param {SuiteContext} context */
async function runKit(context) {
  /**
   * @param {string} name
   * @param {readonly string[]} args
   */
  const run = async (name, args) => {
    /** @param {string} report */
    const toCommand = (report) => [cli, 'conformance', ...kitArguments, '--report', report, ...args]
    return runForReport(context, name, { toCommand, findFailed: findFailedCases })
  }
  const first = await run('kit', [])
  const failed = findFailedCases(first)
  if (failed.length === 0) return toKitResult(first)
  return toKitResult(first, await run('kit-alone', ['--only', failed.join(','), '--concurrency', '1']))
}

/**
 * @param {SuiteContext} context
 * @param {{ readonly suite: Exclude<import('./engine-suites.mjs').EngineSuite, 'kit'>, readonly files: readonly string[] }} tests the project of vitest, and its files if
 *   not all are run
 */
async function runTests(context, { suite, files }) {
  /**
   * @param {string} name
   * @param {readonly string[]} args
   */
  const run = async (name, args) => {
    const reporters = ['--reporter=default', '--reporter=json']
    /** @param {string} report */
    const toCommand = (report) => {
      return [vitest, 'run', `--project=${suite}`, ...reporters, `--outputFile.json=${report}`, ...args]
    }
    const env =
      suite === 'compose'
        ? { CAPSTAN_COMPOSE: await prepareCompose(toComposeRelease(context.engine), console.log) }
        : {}
    return runForReport({ ...context, env }, name, { toCommand, findFailed: findFailedFiles })
  }
  const first = await run(suite, files)
  const failed = findFailedFiles(first)
  if (failed.length === 0) return toTestResult(suite, first)
  const alone = await run(`${suite}-alone`, ['--no-file-parallelism', ...toPattern(first), ...failed])
  return toTestResult(suite, first, alone)
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
 * Runs a Node program and returns the report that it writes. Rejects with a StepError when it writes none, or fails although
 * the report has no failure: no test ran, or an error was thrown outside of the tests.
 *
 * @template Report
 * @param {SuiteContext & { readonly env?: Readonly<Record<string, string>> }} context `env` has additional variables
 * @param {string} name of the report and the log
 * @param {{ readonly toCommand: (report: string) => readonly string[], readonly findFailed: (report: Report) => readonly string[] }} program
 * @returns {Promise<Report>}
 */
async function runForReport({ engine, directory, signal, env = {} }, name, { toCommand, findFailed }) {
  const report = join(directory, `${name}.json`)
  const log = join(directory, `${name}.log`)
  const command = toCommand(report)
  const output = openSync(log, 'w')
  const status = await runBesideEngine(engine, [process.execPath, ...command], { output, signal, env }).finally(() =>
    closeSync(output),
  )
  signal.throwIfAborted()
  /** @param {string} problem */
  const toError = (problem) =>
    new StepError(`${command.slice(0, 2).join(' ')} ended with ${status} and ${problem}`, {
      output: readFileSync(log, 'utf8').split('\n').slice(-40).join('\n'),
      advice: `All of its output is in ${relative(root, log)}.`,
    })
  /** @type {Report} */
  let result
  try {
    result = JSON.parse(readFileSync(report, 'utf8'))
  } catch {
    throw toError('wrote no report')
  }
  if (status !== 0 && findFailed(result).length === 0) throw toError('its report has no failure')
  return result
}

/**
 * Whether the message of an error is enough: no engine could be set up, an option is unknown, or a signal came.
 *
 * @param {unknown} error
 * @returns {error is Error}
 */
function isAnswered(error) {
  if (error instanceof EngineSetUpError || error instanceof InterruptedError) return true
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
}

const cli = join(root, 'packages', 'cli', 'dist', 'bin.js')
/** The kit's cases and the sample projects. */
const composeFilesOnPodman = [
  'packages/conformance/test/compose/',
  'packages/runtime-docker/test/compose/compose-projects',
]
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
    process.exitCode = error instanceof InterruptedError ? 128 + constants.signals[error.signal] : 1
    showStepError(isAnswered(error) ? new StepError(error.message) : error)
  }
}
