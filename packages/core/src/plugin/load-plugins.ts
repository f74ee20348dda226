import type { RuntimePlugin } from './plugin.js'

/** Where plugin packages are looked up: a file URL of the application; default: the working directory. */
export interface LoadPluginsOptions {
  readonly from?: string
}

export declare function loadPlugins(
  specifiers: readonly string[],
  options?: LoadPluginsOptions,
): Promise<readonly RuntimePlugin[]>
