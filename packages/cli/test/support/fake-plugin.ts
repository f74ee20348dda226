import type { RuntimePlugin } from '@capstan/core'
import type { ProbeResult } from '@capstan/core/plugin'

/** A plugin whose probe returns a fixed result, and which provides nothing. */
export function fakePlugin(
  name: string,
  result: ProbeResult<object>,
  more: Partial<RuntimePlugin> = {},
): RuntimePlugin {
  return {
    name,
    contractVersion: 1,
    packageName: `@example/runtime-${name}`,
    packageVersion: '1.0.0',
    probe: async () => result,
    register: () => undefined,
    ...more,
  }
}

/** The result of a probe whose endpoint does not exist. */
export function unavailable(
  more: Partial<Extract<ProbeResult<object>, { available: false }>> = {},
): ProbeResult<object> {
  return {
    available: false,
    chosen: false,
    attempts: [
      {
        candidate: 'unix:///var/run/docker.sock',
        source: 'default',
        step: 'connect',
        cause: { code: 'ENOENT', message: 'connect ENOENT /var/run/docker.sock' },
        remedy: 'install a container engine and start it',
      },
    ],
    ...more,
  }
}

/** The result of a probe whose engine accepts the connection and does not answer in time. */
export const slow: ProbeResult<object> = {
  available: false,
  chosen: false,
  attempts: [
    {
      candidate: 'unix:///var/run/docker.sock',
      source: 'default',
      step: 'ping',
      cause: { code: 'TIMED_OUT', message: 'it accepted the connection and did not answer within 10 s' },
      remedy: 'wait and try again',
    },
  ],
}

/** The result of a probe of a runtime that provides nothing. */
export function available(more: Partial<Extract<ProbeResult<object>, { available: true }>> = {}): ProbeResult<object> {
  return {
    available: true,
    version: '1.2.3',
    endpoint: 'unix:///run/engine.sock',
    details: {},
    provides: [],
    absent: [],
    unsupportedOptions: [],
    attempts: [],
    notes: [],
    ...more,
  }
}
