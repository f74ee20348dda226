import { retry, type WaitStrategy } from './wait-strategy.js'

/**
 * Waits until the health check of a container reports that it is healthy. Rejects when it reports that it is unhealthy, and when the
 * container runs without a health check.
 */
export function healthy(): WaitStrategy {
  return {
    title: 'healthy',
    wait: async (context) => {
      const { runtime, id, signal } = context
      let runningSince: number | undefined
      await retry(context, async () => {
        const { health, state } = await runtime.inspectContainer(id, { signal })
        if (health === 'healthy') return undefined
        if (health === 'unhealthy') throw new Error('its health check reports that it is unhealthy')
        if (health === 'starting') return 'the health check has not succeeded yet'
        if (!state.running) return 'the container is not running'
        runningSince ??= performance.now()
        // An engine sets the health shortly after the start.
        if (performance.now() - runningSince > withoutHealthMs) throw new Error('the container has no health check')
        return 'the container has no health'
      })
    },
  }
}

const withoutHealthMs = 1_000
