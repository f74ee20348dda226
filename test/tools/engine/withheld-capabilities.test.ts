import { expect, test } from 'vitest'
import { toWithheldCapabilities } from '../../../tools/engine/withheld-capabilities.mjs'

test('returns the capabilities that the bounding set lacks', () => {
  expect(toWithheldCapabilities('CapEff:\t0\nCapBnd:\t000001fffeffffff\n', 40)).toEqual(['CAP_SYS_RESOURCE'])
})

test('returns none for a full bounding set', () => {
  expect(toWithheldCapabilities('CapBnd:\t000001ffffffffff\n', 40)).toEqual([])
})

test('ignores capabilities that the kernel does not know', () => {
  expect(toWithheldCapabilities('CapBnd:\t0000003fffffffff\n', 37)).toEqual([])
  expect(toWithheldCapabilities('CapBnd:\t0000003fffffffff\n', 40)).toEqual([
    'CAP_PERFMON',
    'CAP_BPF',
    'CAP_CHECKPOINT_RESTORE',
  ])
})
