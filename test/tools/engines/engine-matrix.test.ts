import { expect, test } from 'vitest'
import { findMatrixEngines, matrixEngines } from '../../../tools/engines/engine-matrix.mjs'

test('finds engines by name, in the order of the matrix', () => {
  expect(findMatrixEngines(['podman-5', '20.10'])).toMatchObject([{ name: '20.10' }, { name: 'podman-5' }])
})

test('finds every engine by `all`', () => {
  expect(findMatrixEngines(['28', 'all'])).toBe(matrixEngines)
})

test('names the unknown and the known engines', () => {
  expect(findMatrixEngines(['28', '27', '99'])).toMatch(/^no engine is named 27, 99; known: 20\.10, 26, 28, /)
})

test('gives the known engines when none is named', () => {
  expect(findMatrixEngines([])).toMatch(/^no engine is named; known: 20\.10, /)
})
