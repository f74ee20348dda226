import type { RuntimePlugin } from '@capstan/core'
import type { Invocation } from '../invocation.js'
import { loadGivenPlugins } from '../open-host.js'
import { findNamedRuntime } from '../runtime-choice.js'
import { UsageError } from '../usage-error.js'

/** What the kit gets: a plugin, and by what another process finds it, where that is known. */
export interface TriedPlugin {
  readonly plugin: RuntimePlugin
  readonly specifier?: string
}

/**
 * The plugin that is named by `--runtime`, else the only one of `--plugin`, else the one that CAPSTAN_RUNTIME names.
 *
 * @throws UsageError where that is none, or more than one
 */
export async function findTriedPlugin(invocation: Invocation): Promise<TriedPlugin> {
  const { globals, plugins } = invocation
  const given = (await loadGivenPlugins(invocation)).map((plugin, index) => toGiven(plugin, globals.plugin[index]))
  const [only, ...others] = given
  if (globals.runtime === undefined && only !== undefined) {
    if (others.length === 0) return only
    throw new UsageError('one plugin is tried at a time: give one --plugin, or name one of them by --runtime')
  }
  const name = findNamedRuntime(invocation)
  if (name === undefined)
    throw new UsageError('no plugin is named: --plugin brings one, --runtime names one that is here')
  const all = [...given, ...(await plugins()).map((plugin) => ({ plugin }))]
  const found = all.find(({ plugin }) => plugin.name === name)
  if (found !== undefined) return found
  const known = [...new Set(all.map(({ plugin }) => plugin.name))].join(', ')
  throw new UsageError(`no plugin is named "${name}"; known: ${known}. \`--plugin PACKAGE\` brings another`)
}

function toGiven(plugin: RuntimePlugin, specifier: string | undefined): TriedPlugin {
  return specifier === undefined ? { plugin } : { plugin, specifier }
}
