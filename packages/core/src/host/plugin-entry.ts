import type { RuntimePlugin } from '../contract/plugin.js'
import { createHostError } from '../errors/create-host-error.js'
import type { AnyHostError } from '../errors/host-error.js'
import { isHostError } from '../errors/host-error.js'
import { checkPlugin, toPluginNames, toUnknownNames } from '../plugin/check-plugin.js'

/** A plugin as the host keeps it: one with a fault is known, reported, and opened by nobody; the others still work. */
export type PluginEntry =
  | { readonly name: string; readonly plugin: RuntimePlugin; readonly fault: undefined }
  | { readonly name: string; readonly plugin: unknown; readonly fault: AnyHostError }

/** One entry a plugin, in order. Two of one name are both at fault: neither is what the name can mean. */
export function toPluginEntries(plugins: readonly unknown[]): readonly PluginEntry[] {
  const entries = Array.from(plugins, toEntry) // unlike map, it visits holes
  return entries.map((entry) => {
    const namesakes = entries.filter(({ name }) => name === entry.name)
    return namesakes.length === 1 ? entry : { ...entry, fault: toDuplicate(entry.name, namesakes) }
  })
}

function toEntry(plugin: unknown, index: number): PluginEntry {
  const fallback = toUnknownNames(`plugins[${index}]`)
  try {
    checkPlugin(plugin, fallback)
    return { name: plugin.name, plugin, fault: undefined }
  } catch (fault) {
    if (!isHostError(fault)) throw fault
    return { name: toPluginNames(plugin, fallback).plugin, plugin, fault }
  }
}

function toDuplicate(name: string, namesakes: readonly PluginEntry[]): AnyHostError {
  const packages = namesakes.map(({ plugin }) => {
    const { packageName, packageVersion } = toPluginNames(plugin, toUnknownNames(name))
    return `${packageName} ${packageVersion}`
  })
  return createHostError('PLUGIN_DUPLICATE', { plugin: name, packages })
}
