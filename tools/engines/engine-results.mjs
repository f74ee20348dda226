import { relative } from 'node:path'
import { root } from '../workspace.mjs'

/**
 * A test that fails, with the first line of its error, or an object that the tests left in the engine, with its labels.
 *
 * @typedef {{ readonly suite: import('./engine-suites.mjs').EngineSuite | 'leftovers', readonly test: string, readonly error: string }} EngineFailure
 *
 * The results of one engine. A failure counts only if it also fails alone; `flaky` counts the others.
 *
 * @typedef {object} EngineResult
 * @property {string} engine
 * @property {string} version
 * @property {KitCounts} [kit] absent when the kit did not run
 * @property {TestCounts} [tests] of the integration tests, or of the builds when only these ran; absent when only the kit ran
 * @property {readonly EngineFailure[]} failures
 * @property {readonly UnsupportedTest[]} [unsupported] the tests that the engine does not support; absent when only the kit ran
 * @property {number} seconds
 *
 * @typedef {{ readonly passed: number, readonly failed: number, readonly absent: number, readonly unsupported: number, readonly flaky: number }} KitCounts
 *
 * @typedef {{ readonly passed: number, readonly failed: number, readonly unsupported: number, readonly skipped: number, readonly flaky: number }} TestCounts
 *
 * A test that was skipped with a reason.
 *
 * @typedef {{ readonly test: string, readonly reason: string }} UnsupportedTest
 *
 * The fields of the kit's report that are read here.
 *
 * @typedef {object} KitReport
 * @property {{ readonly passed: number, readonly failed: number, readonly absent: number, readonly unsupported: number }} counts
 * @property {readonly KitCase[]} cases
 *
 * @typedef {{ readonly id: string, readonly title: string, readonly status: string,
 *   readonly failures?: readonly { readonly message: string }[] }} KitCase
 *
 * The fields of vitest's report that are read here.
 *
 * @typedef {object} TestReport
 * @property {readonly TestFile[]} testResults
 *
 * @typedef {{ readonly name: string, readonly status: string, readonly message?: string,
 *   readonly assertionResults: readonly TestResult[] }} TestFile
 * @typedef {{ readonly fullName: string, readonly status: string, readonly failureMessages?: readonly string[] | null,
 *   readonly meta?: { readonly unsupported?: string } }} TestResult
 */

/**
 * Counts the cases of a run of the kit.
 *
 * @param {KitReport} report
 * @param {KitReport} [alone] of the failed cases, one at a time
 * @returns {Required<Pick<EngineResult, 'kit' | 'failures'>>}
 */
export function toKitResult({ counts, cases }, alone) {
  const passedAlone = new Set(alone?.cases.filter(({ status }) => status === 'passed').map(({ id }) => id))
  const lastCases = new Map(alone?.cases.map((last) => [last.id, last]))
  const failing = cases
    .filter(({ id, status }) => status === 'failed' && !passedAlone.has(id))
    .map((first) => lastCases.get(first.id) ?? first)
  const failures = failing.map(({ id, title, failures = [] }) => {
    return { suite: /** @type {const} */ ('kit'), test: `${id} ${title}`, error: toFirstLine(failures[0]?.message) }
  })
  const flaky = counts.failed - failures.length
  return { kit: { ...counts, passed: counts.passed + flaky, failed: failures.length, flaky }, failures }
}

/**
 * Returns the ids of the cases that failed.
 *
 * @param {KitReport} report
 */
export function findFailedCases({ cases }) {
  return cases.filter(({ status }) => status === 'failed').map(({ id }) => id)
}

/**
 * Counts the tests of a run of vitest. A file that fails outside of its tests counts as one failed test. A test that was skipped
 * with a reason (`test/support/test-engine.ts`) counts as unsupported.
 *
 * @param {Exclude<import('./engine-suites.mjs').EngineSuite, 'kit'>} suite
 * @param {TestReport} report
 * @param {TestReport} [alone] of the files with failures, one at a time
 * @returns {Required<Pick<EngineResult, 'tests' | 'failures' | 'unsupported'>>}
 */
export function toTestResult(suite, report, alone) {
  const first = report.testResults.flatMap(toTests)
  const passedAlone = new Set(alone?.testResults.flatMap(toPassed))
  const failed = first.filter(isFailed)
  const failing = failed.filter((test) => !passedAlone.has(toKey(test)))
  const passed = first.filter(({ status }) => status === 'passed').length
  const flaky = failed.length - failing.length
  const unsupported = first.flatMap((test) =>
    test.reason === undefined ? [] : [{ test: toKey(test), reason: test.reason }],
  )
  return {
    tests: {
      passed: passed + flaky,
      failed: failing.length,
      unsupported: unsupported.length,
      skipped: first.length - passed - failed.length - unsupported.length,
      flaky,
    },
    failures: failing.map((test) => ({ suite, test: toKey(test), error: toFirstLine(test.message) })),
    unsupported,
  }
}

/**
 * Adds up the counts of several suites on one engine; empty without a suite.
 *
 * @param {readonly Required<Pick<EngineResult, 'tests' | 'unsupported'>>[]} results
 * @returns {Pick<EngineResult, 'tests' | 'unsupported'>}
 */
export function joinTestResults(results) {
  const [first, ...others] = results
  if (first === undefined) return {}
  return others.reduce(
    (sum, { tests, unsupported }) => ({
      tests: {
        passed: sum.tests.passed + tests.passed,
        failed: sum.tests.failed + tests.failed,
        unsupported: sum.tests.unsupported + tests.unsupported,
        skipped: sum.tests.skipped + tests.skipped,
        flaky: sum.tests.flaky + tests.flaky,
      },
      unsupported: [...sum.unsupported, ...unsupported],
    }),
    { tests: first.tests, unsupported: first.unsupported },
  )
}

/**
 * Returns the files in which a test failed.
 *
 * @param {TestReport} report
 */
export function findFailedFiles({ testResults }) {
  return testResults.filter((file) => toTests(file).some(isFailed)).map(({ name }) => name)
}

/**
 * Returns the full titles of the tests that failed; `undefined` when a file failed outside of its tests.
 *
 * @param {TestReport} report
 */
export function findFailedTitles({ testResults }) {
  const failed = testResults.flatMap(toTests).filter(isFailed)
  return failed.some(({ title }) => title === outsideOfTests) ? undefined : failed.map(({ title }) => title)
}

/**
 * @param {TestFile} file
 * @returns {readonly { readonly file: string, readonly title: string, readonly status: string, readonly message: string,
 *   readonly reason?: string | undefined }[]}
 */
function toTests({ name, status, message = '', assertionResults }) {
  const file = relative(root, name)
  const tests = assertionResults.map((test) => {
    const { fullName: title, status, failureMessages, meta } = test
    return { file, title, status, message: failureMessages?.[0] ?? '', reason: meta?.unsupported }
  })
  const isBroken = status === 'failed' && !tests.some(isFailed)
  return isBroken ? [...tests, { file, title: outsideOfTests, status, message }] : tests
}

/**
 * Returns the keys of the tests of a file that passed, and the key of the part outside of tests if no test of it failed.
 *
 * @param {TestFile} file
 */
function toPassed(file) {
  const passed = toTests(file).filter(({ status }) => status === 'passed')
  const outside = { file: relative(root, file.name), title: outsideOfTests }
  return [...passed, ...(file.status === 'passed' ? [outside] : [])].map(toKey)
}

/** @param {{ readonly status: string }} test */
function isFailed({ status }) {
  return status === 'failed'
}

/** @param {{ readonly file: string, readonly title: string }} test */
function toKey({ file, title }) {
  return `${file}: ${title}`
}

/** @param {string} [message] */
function toFirstLine(message = '') {
  return message.split('\n', 1)[0]?.slice(0, 300) ?? ''
}

/**
 * Returns the failures of an engine with leftovers.
 *
 * @param {readonly import('../engine/leftovers.mjs').EngineObject[]} leftovers
 * @returns {readonly EngineFailure[]}
 */
export function toLeftoverFailures(leftovers) {
  return leftovers.map(({ kind, name, labels }) => {
    return { suite: 'leftovers', test: `leaves ${kind} ${name}`, error: `labels: ${JSON.stringify(labels)}` }
  })
}

/**
 * Returns the results as a table in Markdown.
 *
 * @param {readonly EngineResult[]} results
 */
export function toResultTable(results) {
  const rows = results.map(({ engine, version, kit, tests, failures, seconds }) => [
    ...[engine, version],
    ...(kit ? [kit.passed, kit.failed, kit.absent, kit.unsupported] : notRun),
    ...(tests ? [tests.passed, tests.failed, tests.unsupported, tests.skipped] : notRun),
    failures.filter(({ suite }) => suite === 'leftovers').length,
    ...[(kit?.flaky ?? 0) + (tests?.flaky ?? 0), (seconds / 60).toFixed(1)],
  ])
  const heading = [
    ...['engine', 'version', 'kit passed', 'failed', 'absent', 'unsupported'],
    ...['tests passed', 'failed', 'unsupported', 'skipped', 'left over', 'passed only alone', 'minutes'],
  ]
  return [heading, heading.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

const notRun = ['–', '–', '–', '–']
const outsideOfTests = '(outside of tests)'
