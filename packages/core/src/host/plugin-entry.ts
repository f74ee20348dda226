import type { RuntimePlugin } from '../contract/plugin.js'
import { createHostError } from '../errors/create-host-error.js'
import type { AnyHostError } from '../errors/host-error.js'
import { isHostError } from '../errors/host-error.js'
import { checkPlugin, toPluginNames, toUnknownNames } from '../plugin/check-plugin.js'

/** A plugin of a host. A plugin with a `fault` is reported and cannot be opened. */
export type PluginEntry =
  | { readonly name: string; readonly plugin: RuntimePlugin; readonly fault: undefined }
  | { readonly name: string; readonly plugin: unknown; readonly fault: AnyHostError }

/** Returns an entry for each plugin, in order. All plugins that share a name have a fault, since the name is ambiguous. */
export function toPluginEntries(plugins: readonly unknown[]): readonly PluginEntry[] {
  const entries = Array.from(plugins, toEntry) // `map` of a sparse array skips its holes
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
