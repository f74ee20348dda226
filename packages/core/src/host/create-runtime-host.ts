import { validateAppName } from '../validation/app-name.js'
import { checkList, checkObject, checkTimeout } from '../validation/check.js'
import { PluginHost } from './plugin-host.js'
import type { HostOptions, RuntimeHost } from './runtime-host.js'

/**
 * Makes a host of these plugins; no I/O, no connection. A plugin with a fault is reported by `discover`; the others work.
 *
 * @throws HostError INVALID_ARGUMENT for `plugins` that are no list, for an `app` that is no name, for a `probeTimeoutMs`
 * that no timer can wait, and for a CAPSTAN_PROBE_TIMEOUT that is not a number of seconds where `probeTimeoutMs` is not
 * given.
 */
export function createRuntimeHost(options: HostOptions): RuntimeHost {
  checkObject('options', options)
  checkList('plugins', options.plugins)
  if (options.app !== undefined) validateAppName(options.app)
  if (options.probeTimeoutMs !== undefined) checkTimeout('probeTimeoutMs', options.probeTimeoutMs)
  // The one place of the libraries where the environment of the process is read.
  return new PluginHost({ ...options, env: options.env ?? process.env })
}
