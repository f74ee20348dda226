import type { RuntimePlugin } from '../contract/plugin.js'
import { createHostError } from '../errors/create-host-error.js'
import { type AnyHostError, isHostError } from '../errors/host-error.js'
import { checkPlugin, type PluginNames, toPluginNames } from '../plugins/check-plugin.js'

/** A plugin of a host. An invalid plugin, which has an `error`, is reported and cannot be opened. */
export type PluginEntry =
  | { readonly names: PluginNames; readonly plugin: RuntimePlugin; readonly error: undefined }
  | { readonly names: PluginNames; readonly plugin: unknown; readonly error: AnyHostError }

/** Returns an entry for each plugin, in order. All plugins that share a name are invalid, since the name is ambiguous. */
export function toPluginEntries(plugins: readonly unknown[]): readonly PluginEntry[] {
  const entries = Array.from(plugins, toEntry) // `map` of a sparse array skips its holes
  return entries.map((entry) => {
    const { plugin } = entry.names
    const namesakes = entries.filter(({ names }) => names.plugin === plugin)
    if (namesakes.length === 1) return entry
    const packages = namesakes.map(({ names }) => `${names.packageName} ${names.packageVersion}`)
    return { ...entry, error: createHostError('PLUGIN_DUPLICATE', { plugin, packages }) }
  })
}

function toEntry(plugin: unknown, index: number): PluginEntry {
  const names = toPluginNames(plugin, { plugin: `plugins[${index}]` })
  try {
    checkPlugin(plugin, names)
    return { names, plugin, error: undefined }
  } catch (error) {
    if (!isHostError(error)) throw error
    return { names, plugin, error }
  }
}
