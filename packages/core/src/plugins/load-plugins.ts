import { fileURLToPath, pathToFileURL } from 'node:url'
import type { OperationOptions } from '../contract/operation.js'
import type { RuntimePlugin } from '../contract/plugin.js'
import { createHostError } from '../errors/create-host-error.js'
import { toErrorText } from '../errors/message.js'
import { runWithin } from '../operation/signals/run-within.js'
import { checkEach, checkText, checkTimeout } from '../validation/check.js'
import { checkPlugin, type PluginNames } from './check-plugin.js'
import { findPluginPackage, type PluginPackage } from './find-plugin-package.js'

/** Options of `loadPlugins`. */
export interface LoadPluginsOptions extends OperationOptions {
  /** The file URL from which packages and paths are resolved: `import.meta.url`. Default: the working directory. */
  readonly from?: string
  /** Limit for loading the module of a plugin, in milliseconds. Default 10 000. */
  readonly timeoutMs?: number
}

/**
 * Imports plugins and resolves with them, in order. A specifier is the name of an installed package, or a path, which
 * begins with `./`, `../` or `/`, of a file or of a folder with a package.json. Paths are relative to `from`.
 *
 * The module must export the plugin as `plugin`. `packageName` and `packageVersion` are set from the package.json where the
 * plugin does not have them.
 *
 * @throws HostError PLUGIN_INVALID, with package and version, when a specifier is neither a name nor a path, and when a package
 * is not found, does not load in time, or exports no valid plugin. INVALID_ARGUMENT for a specifier that is empty or not a
 * string, and for an invalid `from` or `timeoutMs`.
 */
export async function loadPlugins(
  specifiers: readonly string[],
  options: LoadPluginsOptions = {},
): Promise<readonly RuntimePlugin[]> {
  const { from = pathToFileURL(`${process.cwd()}/`).href, timeoutMs = 10_000, signal } = options
  checkText('from', from, /^file:\/\//, 'a file URL, such as import.meta.url')
  checkEach('specifiers', specifiers, (field, specifier) => {
    checkText(field, specifier, /./, 'the name of a package or a path')
  })
  checkTimeout('timeoutMs', timeoutMs)
  return Promise.all(specifiers.map((specifier) => loadPlugin(specifier, { from, timeoutMs, signal })))
}

type LoadOptions = OperationOptions & Required<Pick<LoadPluginsOptions, 'from' | 'timeoutMs'>>

async function loadPlugin(specifier: string, options: LoadOptions): Promise<RuntimePlugin> {
  const { from, signal } = options
  signal?.throwIfAborted()
  const found = await findPackage(specifier, from)
  const { name: packageName = specifier, version: packageVersion = 'unknown version' } = found ?? {}
  const names: PluginNames = { plugin: specifier, packageName, packageVersion }
  if (found === undefined) throw toInvalid(names, toNotFound(from))
  if (found.entry === undefined)
    throw toInvalid(names, 'has no "." entry for import in the "exports" of its package.json')
  const exports = await importEntry(found.entry, names, options)
  if (!('plugin' in exports)) throw toInvalid(names, 'exports no "plugin"')
  checkPlugin(exports.plugin, names)
  return withPackage(exports.plugin, names)
}

async function findPackage(specifier: string, from: string): Promise<PluginPackage | undefined> {
  try {
    return await findPluginPackage(specifier, from)
  } catch (cause) {
    const names = { plugin: specifier, packageName: specifier, packageVersion: 'unknown version' }
    throw toInvalid(names, `cannot be read: ${toErrorText(cause)}`, cause)
  }
}

async function importEntry(entry: string, names: PluginNames, options: LoadOptions): Promise<object> {
  const { timeoutMs, signal } = options
  try {
    const load = async (): Promise<unknown> => await import(entry)
    const imported = await runWithin(load, { operation: 'the import', timeoutMs, signal })
    return typeof imported === 'object' && imported !== null ? imported : {}
  } catch (cause) {
    signal?.throwIfAborted()
    throw toInvalid(names, `does not load: ${toErrorText(cause)}`, cause)
  }
}

/** Wraps the plugin instead of copying it, since its methods may be on a prototype and use private fields. */
function withPackage(plugin: RuntimePlugin, names: PluginNames): RuntimePlugin {
  const { name, contractVersion, probeTimeoutMs, selection } = plugin
  return {
    name,
    contractVersion,
    packageName: plugin.packageName ?? names.packageName,
    packageVersion: plugin.packageVersion ?? names.packageVersion,
    ...(probeTimeoutMs === undefined ? {} : { probeTimeoutMs }),
    ...(selection === undefined ? {} : { selection }),
    ...(plugin.isChosen === undefined ? {} : { isChosen: (env) => plugin.isChosen?.(env) ?? false }),
    probe: (options) => plugin.probe(options),
    register: (scope, details) => plugin.register(scope, details),
  }
}

function toInvalid(names: PluginNames, problem: string, cause?: unknown) {
  return createHostError('PLUGIN_INVALID', { ...names, problem }, { cause })
}

/** Shows the folder as a path, also where `from` was given as a URL. */
function toNotFound(from: string): string {
  return `was not found from ${fileURLToPath(new URL('.', from))}: give the name of a package that is installed there, or a path that begins with "./" or "/"`
}
