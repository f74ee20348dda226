import type { RuntimePlugin } from '../contract/plugin.js'
import { createHostError } from '../errors/create-host-error.js'
import { isTimeout, timeoutText } from '../validation/check.js'
import { formatValue } from '../validation/format-value.js'

/** Throws PLUGIN_INVALID unless the value is a valid plugin. `fallback` has the names for a plugin that has none. */
export function checkPlugin(plugin: unknown, fallback: FallbackNames): asserts plugin is RuntimePlugin {
  const problem = findProblem(plugin)
  if (problem !== undefined) throw createHostError('PLUGIN_INVALID', { ...toPluginNames(plugin, fallback), problem })
}

/** The names of a plugin in error messages. */
export interface PluginNames {
  readonly plugin: string
  readonly packageName: string
  readonly packageVersion: string
}

type FallbackNames = Pick<PluginNames, 'plugin'> & Partial<PluginNames>

/** Returns the names of a plugin, which may be any value. */
export function toPluginNames(plugin: unknown, fallback: FallbackNames): PluginNames {
  const { name, packageName, packageVersion } = toFields(plugin)
  const names = { packageName: 'unknown package', packageVersion: 'unknown version', ...fallback }
  return {
    plugin: typeof name === 'string' && name !== '' ? name : names.plugin,
    packageName: typeof packageName === 'string' ? packageName : names.packageName,
    packageVersion: typeof packageVersion === 'string' ? packageVersion : names.packageVersion,
  }
}

function findProblem(plugin: unknown): string | undefined {
  if (typeof plugin === 'function') return 'is a function, not a plugin: pass its return value'
  if (typeof plugin !== 'object' || plugin === null)
    return `is ${plugin === null ? 'null' : typeof plugin}, not a plugin`
  const { name, contractVersion, probe, register, isChosen } = toFields(plugin)
  const { selection = 'automatic', probeTimeoutMs = 1, packageName = '', packageVersion = '' } = toFields(plugin)
  if (typeof name !== 'string' || !pluginName.test(name)) return 'has no name of lower-case letters, digits and "-"'
  if (contractVersion !== 1)
    return `has contractVersion ${formatValue(contractVersion)}; this version of @capstan/core supports 1`
  if (typeof probe !== 'function') return 'has no method "probe"'
  if (typeof register !== 'function') return 'has no method "register"'
  if (isChosen !== undefined && typeof isChosen !== 'function') return 'has an "isChosen" that is not a method'
  if (selection !== 'automatic' && selection !== 'named')
    return `has selection ${formatValue(selection)}, not "automatic" or "named"`
  if (!isTimeout(probeTimeoutMs)) return `has a probeTimeoutMs that is not ${timeoutText}`
  if (typeof packageName !== 'string' || typeof packageVersion !== 'string')
    return 'has a packageName or packageVersion that is not a string'
  return undefined
}

function toFields(plugin: unknown): Readonly<Record<string, unknown>> {
  // Properties are read by name, since those of a class instance may be on its prototype.
  return typeof plugin === 'object' && plugin !== null ? (plugin as Readonly<Record<string, unknown>>) : {}
}

const pluginName = /^[a-z][a-z0-9-]*$/
