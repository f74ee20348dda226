import type { OperationOptions } from '@capstan/core'
import { pause } from './pause.js'

/** Asks until there is an answer, ever more slowly; `undefined` when there is none after that time of waiting. */
export async function askUntil<T>(
  ask: () => Promise<T | undefined>,
  { limitMs, signal }: AskUntilOptions,
): Promise<T | undefined> {
  let waitedMs = 0
  for (let waitMs = shortestMs; ; waitMs = Math.min(2 * waitMs, longestMs)) {
    const answer = await ask()
    if (answer !== undefined || waitedMs >= limitMs) return answer
    const nextMs = Math.min(waitMs, limitMs - waitedMs)
    await pause(nextMs, { signal })
    waitedMs += nextMs
  }
}

export interface AskUntilOptions {
  readonly limitMs: number
  readonly signal: OperationOptions['signal']
}

const shortestMs = 2
const longestMs = 250
