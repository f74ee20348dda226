import { linkSignals } from '@capstan/core/plugin'
import type { WaitContext, WaitStrategy } from './wait-strategy.js'

/** Waits until all of the strategies are met, in any order. Rejects when one rejects. */
export function allOf(...strategies: readonly [WaitStrategy, ...WaitStrategy[]]): WaitStrategy {
  return {
    title: strategies.map(({ title }) => title).join(' and '),
    wait: async (context) => {
      await waitForEach(strategies, context, (waits) => Promise.all(waits))
    },
  }
}

/** Waits until one of the strategies is met. Rejects when all have rejected, with the error of the first. */
export function anyOf(...strategies: readonly [WaitStrategy, ...WaitStrategy[]]): WaitStrategy {
  return {
    title: strategies.map(({ title }) => title).join(' or '),
    wait: async (context) => {
      await waitForEach(strategies, context, (waits) => Promise.any(waits)).catch((error: unknown) => {
        throw error instanceof AggregateError ? error.errors[0] : error
      })
    },
  }
}

/** Begins all strategies, and ends those that still wait when the result is known. */
async function waitForEach(
  strategies: readonly WaitStrategy[],
  context: WaitContext,
  combine: (waits: readonly Promise<void>[]) => Promise<unknown>,
): Promise<void> {
  const link = linkSignals([context.signal])
  const toContext = ({ title }: WaitStrategy): WaitContext => ({
    ...context,
    signal: link.signal,
    onProblem: (problem) => context.onProblem(`${title}: ${problem}`),
  })
  const waits = strategies.map((strategy) => strategy.wait(toContext(strategy)))
  try {
    await combine(waits)
  } finally {
    link.abort()
    link.unlink()
    await Promise.allSettled(waits)
  }
}
