import { expect, test } from 'vitest'
import { failingParts } from './failing-parts.js'
import { generateBuilds } from './generated-build.js'
import { combinedParts, soleParts, stageParts } from './succeeding-parts.js'

const options = { count: 200, first: 0, image: 'base:1' }

test('generates the same builds for the same seeds', () => {
  const builds = generateBuilds(options)
  expect(generateBuilds({ ...options, count: 3, first: 100 })).toEqual(builds.slice(100, 103))
  expect(new Set(builds.map(({ files }) => JSON.stringify([...files]))).size).toBeGreaterThan(195)
})

test('uses each part in 200 builds', () => {
  const used = new Set(generateBuilds(options).flatMap(({ parts }) => parts))
  const all = [combinedParts, stageParts, soleParts, failingParts].flatMap(Object.keys)
  expect(all.filter((part) => !used.has(part))).toEqual([])
})
