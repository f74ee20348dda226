import { expect, test } from 'vitest'
import { toComposeRelease } from '../../../tools/engines/docker-compose.mjs'
import { findMatrixEngines } from '../../../tools/engines/engine-matrix.mjs'
import { planSuites } from '../../../tools/engines/engine-suites.mjs'

function list(names: readonly string[], options: Parameters<typeof planSuites>[1]) {
  const plans = planSuites(names, options)
  return typeof plans === 'string' ? plans : plans.map(({ engine, suites }) => [engine.name, ...suites].join(' '))
}

test('the kit and the integration tests run on the named engines, in the order of the matrix', () => {
  expect(list(['podman-5', '26'], {})).toEqual(['26 kit integration', 'podman-5 kit integration'])
})

test('each engine is listed once when the kit and the builds run on different engines', () => {
  expect(list(['podman-5', '28-containerd'], { kit: true, builds: '28-containerd,26' })).toEqual([
    '26 builds',
    '28-containerd kit builds',
    'podman-5 kit',
  ])
  expect(list([], { builds: '28' })).toEqual(['28 builds'])
})

test('the builds are not run twice where the integration tests run', () => {
  expect(list(['28'], { builds: '26,28' })).toEqual(['26 builds', '28 kit integration'])
})

test('the tests of connections run on the engines of their option, beside the other suites', () => {
  expect(list([], { builds: '26,28', remote: '28' })).toEqual(['26 builds', '28 builds remote'])
  expect(list(['28'], { remote: '28' })).toEqual(['28 kit integration remote'])
  expect(list(['28'], { remote: '27' })).toContain('no engine is named 27')
})

test('an unknown engine is a problem, and so is none', () => {
  expect(list([], {})).toContain('no engine is named; known: 20.10')
  expect(list(['27'], {})).toContain('no engine is named 27')
  expect(list(['28'], { builds: '26,27' })).toContain('no engine is named 27')
})

test('the tests of Compose projects run on the engines of their option, with the release of the suite', () => {
  expect(list(['podman-5'], { kit: true, compose: '26,28' })).toEqual(['26 compose', '28 compose', 'podman-5 kit'])
  const engines = findMatrixEngines(['20.10', '26', '28'])
  expect(typeof engines === 'string' ? engines : engines.map(toComposeRelease)).toEqual(['2.26', '2.26', '2.40'])
})
