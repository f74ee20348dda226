import type { RuntimePlugin } from '@capstan/core'
import { applePlugin } from './apple-plugin.js'

export type { AppleDetails } from './apple-details.js'
export type { ApplePluginOptions } from './apple-plugin-options.js'
export type { AppleTimeouts } from './apple-timeouts.js'
export { applePlugin }

/** The command of the PATH with its defaults, as `loadPlugins` finds it. */
export const plugin: RuntimePlugin = applePlugin()
