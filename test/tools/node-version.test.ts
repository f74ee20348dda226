import { expect, test } from 'vitest'
import { isSupportedNode } from '../../tools/node-version.mjs'

const range = '^20.19.0 || ^22.12.0 || >=24.0.0'

test.each(['v20.19.0', 'v20.20.2', 'v22.12.0', 'v24.0.0', 'v26.1.0'])('%s is supported', (version) => {
  expect(isSupportedNode(version, range)).toBe(true)
})

test.each(['v18.20.0', 'v20.18.9', 'v21.9.0', 'v22.11.0', 'v23.5.0'])('%s is not supported', (version) => {
  expect(isSupportedNode(version, range)).toBe(false)
})
