import { describe, test } from 'vitest'
import { controlFaults } from './control-faults.js'
import { expectCaught } from './expect-caught.js'

describe.concurrent('a plugin with a fault', () => {
  for (const plugin of controlFaults) {
    test(`the kit finds the fault "${plugin.fault}" by ${plugin.failingCase}, and cases of other groups do not fail`, {
      timeout: 120_000,
    }, async () => {
      await expectCaught(plugin)
    })
  }
})
