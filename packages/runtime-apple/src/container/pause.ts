import { setTimeout as wait } from 'node:timers/promises'

/** Waits, or until the abort: then it resolves as well, and the caller looks. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch(() => {})
}
