import { buildCommands } from './build.mjs'
import { containerCommands } from './containers.mjs'
import { execCommands } from './exec.mjs'
import { imageCommands } from './images.mjs'
import { networkCommands } from './networks.mjs'
import { statsCommands } from './stats.mjs'
import { systemCommands } from './system.mjs'
import { volumeCommands } from './volumes.mjs'

/** The commands of the simulator, by their words. */
export const commands = {
  ...systemCommands,
  ...containerCommands,
  ...statsCommands,
  ...execCommands,
  ...imageCommands,
  ...buildCommands,
  ...networkCommands,
  ...volumeCommands,
}
