import { describe, test } from 'vitest'
import { expectCaught } from './expect-caught.js'
import { pluginFaults } from './plugin-faults.js'

describe.concurrent('a plugin with a planted fault', () => {
  for (const planted of pluginFaults) {
    test(`${planted.fault}: ${planted.expected} fails, and no case of another group`, {
      timeout: 120_000,
    }, async () => {
      await expectCaught(planted)
    })
  }
})
