import { createRuntimeHost, type RuntimePlugin, type RuntimeScope } from '@capstan/core'
import { type ApplePluginOptions, applePlugin } from '../../src/index.js'
import type { Simulator } from './start-simulator.mjs'

/** The plugin as on a Mac with Apple silicon, with a limit that suits a busy machine. */
export function simulatedPlugin(
  simulator: Pick<Simulator, 'command'>,
  options: ApplePluginOptions = {},
): RuntimePlugin {
  const plugin = applePlugin({ command: simulator.command, platform: appleSilicon, ...options })
  return { ...plugin, probeTimeoutMs: 20_000 } as RuntimePlugin
}

/** Opens a runtime on the simulator. Disposing closes its host. */
export async function openApple(
  simulator: Pick<Simulator, 'command'>,
  options?: ApplePluginOptions,
): Promise<OpenApple> {
  const host = createRuntimeHost({ plugins: [simulatedPlugin(simulator, options)], env: {} })
  const scope = await host.open({ runtime: 'apple' })
  return { scope, [Symbol.asyncDispose]: () => host[Symbol.asyncDispose]() }
}

export interface OpenApple extends AsyncDisposable {
  readonly scope: RuntimeScope
}

export const appleSilicon = { os: 'darwin', arch: 'arm64' } as const
