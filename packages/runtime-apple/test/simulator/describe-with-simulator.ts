import { describe } from 'vitest'
import { findSimulatorProblem } from './set-up.mjs'

/**
 * Declares tests that need the simulator. If it cannot run, they are skipped with the reason in their title.
 * CAPSTAN_REQUIRE_SIMULATOR=1 makes that a failure.
 */
export function describeWithSimulator(title: string, define: () => void): void {
  if (problem !== undefined && process.env.CAPSTAN_REQUIRE_SIMULATOR === '1') throw new Error(problem)
  describe.skipIf(problem !== undefined)(problem === undefined ? title : `${title} (skipped: ${problem})`, define)
}

/** Why the simulator cannot run on this machine. */
export const problem: string | undefined = findSimulatorProblem()
if (problem !== undefined) console.warn(`Tests of the Apple runtime are skipped: ${problem}`)
