import {
  type Capability,
  type MissingCapability,
  networkManagerCapability,
  type RuntimePlugin,
  runtimeCapability,
} from '../../src/index.js'
import type { ProbeAttempt, ProbeResult, UnsupportedOption } from '../../src/plugin.js'
import { type FakeNetworkManager, FakeRuntime } from './fake-runtime.js'

export interface FakePluginOptions extends Partial<Omit<RuntimePlugin, 'probe' | 'register'>> {
  readonly runtime?: FakeRuntime
  readonly networks?: FakeNetworkManager
  readonly provides?: readonly Capability<object>[]
  readonly absent?: readonly MissingCapability[]
  readonly unsupportedOptions?: readonly UnsupportedOption[]
  readonly probe?: RuntimePlugin['probe']
  readonly register?: RuntimePlugin['register']
}

/** A plugin whose probe finds a runtime, with networks if `networks` is given. */
export function fakePlugin(options: FakePluginOptions = {}): RuntimePlugin {
  const { runtime = new FakeRuntime(), networks, provides, absent = [], unsupportedOptions = [], ...rest } = options
  const claimed = provides ?? (networks ? [runtimeCapability, networkManagerCapability] : [runtimeCapability])
  return {
    name: 'fake',
    contractVersion: 1,
    packageName: 'fake-runtime',
    packageVersion: '1.2.3',
    probe: async () => toAvailable({ provides: claimed, absent, unsupportedOptions }),
    register(scope) {
      scope.provide(runtimeCapability, runtime)
      if (networks) scope.provide(networkManagerCapability, networks)
    },
    ...rest,
  }
}

export function toAvailable(
  claims: Pick<Extract<ProbeResult<unknown>, { available: true }>, 'provides' | 'absent' | 'unsupportedOptions'>,
): ProbeResult<unknown> {
  return { available: true, version: '1', endpoint: 'fake://', details: undefined, attempts: [], notes: [], ...claims }
}

export function toUnavailable(chosen: boolean): ProbeResult<unknown> {
  return { available: false, chosen, attempts: [deadAttempt] }
}

export const deadAttempt: ProbeAttempt = {
  candidate: 'unix:///dead.sock',
  source: 'default',
  step: 'connect',
  cause: { code: 'ECONNREFUSED', message: 'connection refused' },
  remedy: 'start the engine',
}
