import { describe, test } from 'vitest'
import { expectCaught } from './expect-caught.js'
import { managerFaults } from './manager-faults.js'

describe.concurrent('a plugin with a planted fault', () => {
  for (const planted of managerFaults) {
    test(`${planted.fault}: only cases of the group of ${planted.expected} fail, including it`, {
      timeout: 120_000,
    }, async () => {
      await expectCaught(planted)
    })
  }
})
