import { expect, test } from 'vitest'
import { readTestCounts, toSummary, toTestCounts } from '../../tools/test-counts.mjs'

const passed = { status: 'passed', assertionResults: [{ status: 'passed' }] }
const failed = { status: 'failed', assertionResults: [{ status: 'failed' }] }
const notLoaded = { status: 'failed', assertionResults: [] }
const report = {
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 2,
  numTodoTests: 1,
  success: true,
  testResults: [passed],
}

test('pending and todo tests count as skipped', () => {
  expect(toSummary(toTestCounts(report, 0))).toBe('3 passed, 0 failed, 3 skipped')
})

test('a failed test and a file that cannot be loaded each count once', () => {
  const testResults = [passed, failed, notLoaded]
  expect(toTestCounts({ ...report, numFailedTests: 1, success: false, testResults }, 1).failed).toBe(2)
})

test('a run that failed outside of any test counts as one failed', () => {
  expect(toTestCounts(report, 1).failed).toBe(1)
})

test('a run without a report counts as one failed', () => {
  expect(toSummary(readTestCounts('/missing/report.json', 1))).toBe('0 passed, 1 failed, 0 skipped')
})
