import { readFileSync } from 'node:fs'
import { isMain } from './is-main.mjs'

/**
 * The fields of the report of `vitest --reporter=json` that are read here.
 *
 * @typedef {object} VitestReport
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {number} numPendingTests
 * @property {number} numTodoTests
 * @property {boolean} success
 * @property {readonly { readonly status: string, readonly assertionResults: readonly { readonly status: string }[] }[]} testResults
 *
 * @typedef {{ readonly passed: number, readonly failed: number, readonly skipped: number }} TestCounts
 */

/**
 * Counts the results of vitest. A test file that cannot be loaded counts as one failed test, and so does a run that failed
 * by an error outside of a test, which the report of vitest 4 does not contain.
 *
 * @param {VitestReport} report
 * @param {number} status of the run
 * @returns {TestCounts}
 */
export function toTestCounts(report, status) {
  const broken = report.testResults.filter(({ status, assertionResults }) => {
    return status === 'failed' && !assertionResults.some((test) => test.status === 'failed')
  })
  const failed = report.numFailedTests + broken.length
  return {
    passed: report.numPassedTests,
    failed: report.success && status === 0 ? failed : Math.max(failed, 1),
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

/**
 * Reads the report of a run. A run without a report ended before its first test and counts as one failed test.
 *
 * @param {string} file
 * @param {number} status of the run
 * @returns {TestCounts}
 */
export function readTestCounts(file, status) {
  try {
    return toTestCounts(JSON.parse(readFileSync(file, 'utf8')), status)
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }
  }
}

/** @param {TestCounts} counts */
export function toSummary({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`
}

// The command line: `node tools/test-counts.mjs FILE STATUS`.
if (isMain(import.meta.url)) console.log(toSummary(readTestCounts(process.argv[2] ?? '', Number(process.argv[3]))))
