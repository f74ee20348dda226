import type { RuntimePlugin } from '@capstan/core'
import { applePlugin } from './apple-plugin.js'

export type { AppleDetails } from './apple-details.js'
export type { ApplePluginOptions } from './apple-plugin-options.js'
export type { AppleTimeouts } from './apple-timeouts.js'
export { applePlugin }

/** The plugin with its defaults, which `loadPlugins` finds. */
export const plugin: RuntimePlugin = applePlugin()
