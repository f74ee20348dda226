import type { RuntimePlugin } from '../contract/plugin.js'
import { createHostError } from '../errors/create-host-error.js'
import { isTimeout, timeoutText } from '../validation/check.js'
import { show } from '../validation/show.js'

/** Throws PLUGIN_INVALID for what is no plugin of this contract; `fallback` names one that does not name itself. */
export function checkPlugin(plugin: unknown, fallback: PluginNames): asserts plugin is RuntimePlugin {
  const problem = findProblem(plugin)
  if (problem !== undefined) throw createHostError('PLUGIN_INVALID', { ...toPluginNames(plugin, fallback), problem })
}

/** How errors name a plugin. */
export interface PluginNames {
  readonly plugin: string
  readonly packageName: string
  readonly packageVersion: string
}

/** Whatever shape the plugin has. */
export function toPluginNames(plugin: unknown, fallback: PluginNames): PluginNames {
  const { name, packageName, packageVersion } = toFields(plugin)
  return {
    plugin: typeof name === 'string' && name !== '' ? name : fallback.plugin,
    packageName: typeof packageName === 'string' ? packageName : fallback.packageName,
    packageVersion: typeof packageVersion === 'string' ? packageVersion : fallback.packageVersion,
  }
}

/** For a plugin of which no more is known than what it is called here. */
export function toUnknownNames(plugin: string): PluginNames {
  return { plugin, packageName: 'unknown package', packageVersion: 'unknown version' }
}

function findProblem(plugin: unknown): string | undefined {
  if (typeof plugin === 'function') return 'is a function, not a plugin: pass what it returns'
  if (typeof plugin !== 'object' || plugin === null)
    return `is ${plugin === null ? 'null' : typeof plugin}, not a plugin`
  const { name, contractVersion, probe, register, isChosen } = toFields(plugin)
  const { selection = 'automatic', probeTimeoutMs = 1, packageName = '', packageVersion = '' } = toFields(plugin)
  if (typeof name !== 'string' || !pluginName.test(name)) return 'has no name of lower-case letters, digits and "-"'
  if (contractVersion !== 1) return `has contract version ${show(contractVersion)}; this host understands 1`
  if (typeof probe !== 'function') return 'has no method "probe"'
  if (typeof register !== 'function') return 'has no method "register"'
  if (isChosen !== undefined && typeof isChosen !== 'function') return 'has an "isChosen" that is not a method'
  if (selection !== 'automatic' && selection !== 'named')
    return `has selection ${show(selection)}, not "automatic" or "named"`
  if (!isTimeout(probeTimeoutMs)) return `has a probeTimeoutMs that is not ${timeoutText}`
  if (typeof packageName !== 'string' || typeof packageVersion !== 'string')
    return 'has a packageName or packageVersion that is no text'
  return undefined
}

function toFields(plugin: unknown): Readonly<Record<string, unknown>> {
  // Read by name alone: a property of a class instance may sit on its prototype.
  return typeof plugin === 'object' && plugin !== null ? (plugin as Readonly<Record<string, unknown>>) : {}
}

const pluginName = /^[a-z][a-z0-9-]*$/
