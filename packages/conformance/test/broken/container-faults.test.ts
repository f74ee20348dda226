import { describe, test } from 'vitest'
import { containerFaults } from './container-faults.js'
import { expectCaught } from './expect-caught.js'

describe.concurrent('a plugin with a planted fault', () => {
  for (const planted of containerFaults) {
    test(`${planted.fault}: only cases of the group of ${planted.expected} fail, including it`, {
      timeout: 120_000,
    }, async () => {
      await expectCaught(planted)
    })
  }
})
