import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  findFailedCases,
  findFailedFiles,
  findFailedTitles,
  toKitResult,
  toLeftoverFailures,
  toResultTable,
  toTestResult,
} from '../../../tools/engines/engine-results.mjs'
import { root } from '../../../tools/workspace.mjs'

const stays = { id: 'NET-001', title: 'stays failed', status: 'failed', failures: [{ message: 'first\nsecond' }] }
const flaky = { id: 'RT-002', title: 'is flaky', status: 'failed', failures: [{ message: 'busy' }] }
const kit = {
  counts: { passed: 1, failed: 2, absent: 3, unsupported: 4 },
  cases: [{ id: 'RT-001', title: 'passes', status: 'passed' }, stays, flaky],
}
const kitAlone = {
  counts: { passed: 1, failed: 1, absent: 0, unsupported: 0 },
  cases: [stays, { ...flaky, status: 'passed' }],
}

describe('the result of the kit', () => {
  test('has the cases that fail again alone, with the first line of the error', () => {
    expect(toKitResult(kit, kitAlone)).toEqual({
      kit: { passed: 2, failed: 1, absent: 3, unsupported: 4, flaky: 1 },
      failures: [{ suite: 'kit', test: 'NET-001 stays failed', error: 'first' }],
    })
  })

  test('has the failed cases that did not run alone', () => {
    expect(toKitResult(kit, { ...kitAlone, cases: [] })).toMatchObject({
      kit: { failed: 2, flaky: 0 },
      failures: [{ error: 'first' }, { error: 'busy' }],
    })
  })

  test('of a single run has all of its failures', () => {
    expect(toKitResult(kit)).toMatchObject({ kit: { passed: 1, failed: 2, flaky: 0 } })
    expect(findFailedCases(kit)).toEqual(['NET-001', 'RT-002'])
  })
})

const file = join(root, 'packages', 'cli', 'test', 'run.integration.test.ts')
const failed = (fullName: string) => ({ fullName, status: 'failed', failureMessages: ['Error: first\n    at x'] })
const passed = (fullName: string) => ({ fullName, status: 'passed' })
const broken = { name: join(root, 'test', 'b.test.ts'), status: 'failed', message: 'no module', assertionResults: [] }
const report = {
  testResults: [
    {
      name: file,
      status: 'failed',
      assertionResults: [
        ...[passed('a'), failed('b'), failed('c')],
        { fullName: 'd', status: 'pending' },
        { fullName: 'f', status: 'skipped', meta: { unsupported: 'no such option' } },
      ],
    },
    { name: join(root, 'test', 'a.test.ts'), status: 'passed', assertionResults: [passed('e')] },
    broken,
  ],
}

describe('the result of a suite of tests', () => {
  test('has the tests that fail again alone, those that were skipped with a reason, and a file that cannot be loaded as one test', () => {
    const alone = {
      testResults: [
        { name: file, status: 'failed', assertionResults: [passed('a'), failed('b'), passed('c')] },
        broken,
      ],
    }
    expect(toTestResult('builds', report, alone)).toEqual({
      tests: { passed: 3, failed: 2, unsupported: 1, skipped: 1, flaky: 1 },
      failures: [
        { suite: 'builds', test: 'packages/cli/test/run.integration.test.ts: b', error: 'Error: first' },
        { suite: 'builds', test: 'test/b.test.ts: (outside of tests)', error: 'no module' },
      ],
      unsupported: [{ test: 'packages/cli/test/run.integration.test.ts: f', reason: 'no such option' }],
    })
  })

  test('has the failed tests that did not run alone, and no file that can be loaded alone', () => {
    const alone = { testResults: [{ ...broken, status: 'passed', assertionResults: [passed('g')] }] }
    expect(toTestResult('builds', report, alone)).toMatchObject({
      tests: { failed: 2, flaky: 1 },
      failures: [{ test: expect.stringMatching(/ b$/) }, { test: expect.stringMatching(/ c$/) }],
    })
  })

  test('of a single run has all of its failures', () => {
    expect(toTestResult('integration', report)).toMatchObject({ tests: { passed: 2, failed: 3, skipped: 1, flaky: 0 } })
    expect(findFailedFiles(report)).toEqual([file, broken.name])
    expect(findFailedTitles(report)).toBeUndefined()
    expect(findFailedTitles({ testResults: report.testResults.slice(0, 2) })).toEqual(['b', 'c'])
  })
})

test('a resource that remains is a failure with its labels', () => {
  const labels = { 'capstan.test': '1' }
  expect(toLeftoverFailures([{ kind: 'volume', id: 'v', name: 'cache', labels }])).toEqual([
    { suite: 'leftovers', test: 'leaves volume cache', error: 'labels: {"capstan.test":"1"}' },
  ])
})

test('the table has one row for each engine', () => {
  const { kit: cases } = toKitResult(kit, kitAlone)
  const { tests } = toTestResult('integration', report)
  const failures = toLeftoverFailures([{ kind: 'network', id: 'n', name: 'net', labels: {} }])
  const kitOnly = { engine: '28', version: '28.5.2', kit: cases, failures, seconds: 90 }
  const { kit: _, ...buildsOnly } = { ...kitOnly, tests }
  expect(toResultTable([{ ...kitOnly, tests }, kitOnly, buildsOnly]).split('\n')).toEqual([
    expect.stringMatching(/^\| engine \| version \| kit passed /),
    expect.stringMatching(/^\| --- \|/),
    '| 28 | 28.5.2 | 2 | 1 | 3 | 4 | 2 | 3 | 1 | 1 | 1 | 1 | 1.5 |',
    '| 28 | 28.5.2 | 2 | 1 | 3 | 4 | – | – | – | – | 1 | 1 | 1.5 |',
    '| 28 | 28.5.2 | – | – | – | – | 2 | 3 | 1 | 1 | 1 | 0 | 1.5 |',
  ])
})
