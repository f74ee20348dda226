import { describe, test } from 'vitest'
import { containerFaults } from './container-faults.js'
import { expectCaught } from './expect-caught.js'

describe.concurrent('a plugin with a planted fault', () => {
  for (const planted of containerFaults) {
    test(`${planted.fault}: ${planted.expected} fails, and no case of another group`, {
      timeout: 120_000,
    }, async () => {
      await expectCaught(planted)
    })
  }
})
