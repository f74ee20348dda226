import { expect, test } from 'vitest'
import { findLeftovers } from '../../../tools/engine/leftovers.mjs'

const old = { kind: 'network', id: '1', name: 'bridge', labels: {} }
const ours = { kind: 'volume', id: '2', name: 'ours', labels: { 'capstan.owner.pid': '7' } }
const foreign = { kind: 'volume', id: '1', name: 'foreign', labels: { other: '1' } }

test('finds new resources of the same kind', () => {
  expect(findLeftovers([old], [old, ours, foreign], { isShared: false })).toEqual([ours, foreign])
})

test('finds only labelled resources on a shared engine', () => {
  expect(findLeftovers([old], [old, ours, foreign], { isShared: true })).toEqual([ours])
})
