import { createHostError } from '../errors/create-host-error.js'
import { isTimeout } from './check.js'

/** Returns CAPSTAN_PROBE_TIMEOUT in milliseconds; `undefined` if it is not set or empty. Throws INVALID_ARGUMENT. */
export function readProbeTimeoutMs(env: Readonly<Record<string, string | undefined>>): number | undefined {
  const text = env.CAPSTAN_PROBE_TIMEOUT
  return text === undefined || text === '' ? undefined : parseSecondsToMs(text, 'CAPSTAN_PROBE_TIMEOUT')
}

/**
 * Parses a number of seconds, with or without a fraction and at most a day, and returns milliseconds.
 *
 * @throws HostError INVALID_ARGUMENT with `field`
 */
export function parseSecondsToMs(text: string, field: string): number {
  const timeoutMs = /^(\d+(\.\d+)?|\.\d+)$/.test(text) ? Math.round(Number(text) * 1000) : 0
  if (isTimeout(timeoutMs) && timeoutMs <= dayMs) return timeoutMs
  const expected = 'a number of seconds above 0, up to 86400'
  throw createHostError('INVALID_ARGUMENT', { field, expected, given: JSON.stringify(text) })
}

const dayMs = 86_400_000
