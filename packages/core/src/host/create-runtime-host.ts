import type { HostOptions, RuntimeHost } from '../contract/runtime-host.js'
import { checkList, checkTimeout } from '../validation/check.js'
import { checkFields } from '../validation/known-fields.js'
import { validateAppName } from '../validation/names.js'
import { PluginHost } from './plugin-host.js'

/**
 * Creates a host for plugins. Does no I/O. `discover` reports an invalid plugin; the other plugins still work.
 *
 * @throws HostError INVALID_ARGUMENT for an unknown option, `plugins` that are not an array, an invalid `app` or `probeTimeoutMs`,
 * and, without `probeTimeoutMs`, for a CAPSTAN_PROBE_TIMEOUT that is not a number of seconds
 */
export function createRuntimeHost(options: HostOptions): RuntimeHost {
  checkFields('HostOptions', options)
  checkList('plugins', options.plugins)
  if (options.app !== undefined) validateAppName(options.app)
  if (options.probeTimeoutMs !== undefined) checkTimeout('probeTimeoutMs', options.probeTimeoutMs)
  // The only place in the libraries that reads the environment of the process.
  return new PluginHost({ ...options, env: options.env ?? process.env })
}
