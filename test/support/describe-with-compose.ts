import { describe } from 'vitest'
import { findComposeRelease } from '../../tools/engines/docker-compose.mjs'

/**
 * Declares tests that need a real Compose, with its path: that of CAPSTAN_COMPOSE, else Compose 2.40 of the cache. Without one they are
 * skipped with the reason in their title.
 */
export function describeWithCompose(title: string, define: (program: string) => void): void {
  const isSkipped = program === undefined
  describe.skipIf(isSkipped)(isSkipped ? `${title} (skipped: ${problem})` : title, () => {
    define(program ?? '/usr/bin/docker-compose')
  })
}

const program = process.env.CAPSTAN_COMPOSE || findComposeRelease('2.40')
const problem = '`node tools/engines/docker-compose.mjs up` sets Compose up'
