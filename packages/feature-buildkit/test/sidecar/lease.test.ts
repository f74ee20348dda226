import { PassThrough } from 'node:stream'
import type { ExecManager } from '@capstan/core'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { acquireLease } from '../../src/sidecar/lease.js'

/** A lease process that acquires the lease and prints nothing more until it is disposed. */
class FakeExecManager implements ExecManager {
  disposals = 0

  async exec() {
    const stdout = new PassThrough()
    stdout.write('held\n')
    return {
      stdin: new PassThrough(),
      stdout,
      stderr: new PassThrough(),
      exitCode: new Promise<number>(() => {}),
      resize: async () => {},
      kill: async () => true,
      [Symbol.asyncDispose]: async () => {
        this.disposals += 1
        stdout.end()
      },
    }
  }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('waits for the release of a lease for 20 seconds after its grace period', async () => {
  const execs = new FakeExecManager()
  const lease = await acquireLease(execs, 'sidecar', { graceMs: 60_000 })
  const released = lease.release()
  await vi.advanceTimersByTimeAsync(79_999)
  expect(execs.disposals).toBe(0)
  await vi.advanceTimersByTimeAsync(1)
  expect(await released).toBe('unknown')
})
