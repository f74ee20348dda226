import { AppleRuntimeContext } from '../src/apple-runtime-context.js'
import { defaultAppleTimeouts } from '../src/apple-timeouts.js'

/** The state of a runtime that runs a given command. */
export function createContext(command: string): AppleRuntimeContext {
  const details = { command, version: '1.2.2', unsupportedOptions: [], ...abilities }
  const settings = { runtimeName: 'apple', ownerLabels: {}, env: process.env, timeouts: defaultAppleTimeouts }
  return new AppleRuntimeContext({ details, ...settings })
}

const abilities = {
  hasNetworkCommand: false,
  hasNetworks: false,
  hasFirewalls: false,
  hasVolumes: false,
  hasStats: true,
  hasPullProgress: false,
}
