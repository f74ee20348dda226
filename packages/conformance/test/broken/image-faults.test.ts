import { describe, test } from 'vitest'
import { expectCaught } from './expect-caught.js'
import { imageFaults } from './image-faults.js'

describe.concurrent('a plugin with a fault of images', () => {
  for (const plugin of imageFaults) {
    test(`the kit finds the fault "${plugin.fault}" by ${plugin.failingCase}, and cases of other groups do not fail`, {
      timeout: 120_000,
    }, async () => {
      await expectCaught(plugin)
    })
  }
})
