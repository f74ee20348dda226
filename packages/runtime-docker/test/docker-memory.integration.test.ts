import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { describeWithEngine } from '../../../test/support/test-engine.js'

describeWithEngine('memory with a real engine', ({ socketPath, image }) => {
  /** Runs the build in a separate process. */
  async function run(megabytes: number, sleepMs: number) {
    const program = fileURLToPath(new URL('./programs/attached-memory.mjs', import.meta.url))
    const args = ['--expose-gc', program, socketPath, image, String(megabytes), String(sleepMs)]
    const { stdout } = await promisify(execFile)(process.execPath, args)
    return JSON.parse(stdout) as { readonly received: number; readonly riseMegabytes: number }
  }

  test('attach delivers 200 MB to a slow reader with at most 32 MB more memory than for 1 MB', async () => {
    const small = await run(1, 0)
    const large = await run(200, 1_500)
    expect(large.received).toBe(200 * 2 ** 20)
    expect(large.riseMegabytes - small.riseMegabytes).toBeLessThanOrEqual(32)
  }, 180_000)
})
