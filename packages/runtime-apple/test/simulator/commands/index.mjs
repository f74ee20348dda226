import { buildCommands } from './build.mjs'
import { containerCommands } from './containers.mjs'
import { execCommands } from './exec.mjs'
import { imageCommands } from './images.mjs'
import { networkCommands } from './networks.mjs'
import { systemCommands } from './system.mjs'
import { volumeCommands } from './volumes.mjs'

/** What the simulator plays, by the words of the command. */
export const commands = {
  ...systemCommands,
  ...containerCommands,
  ...execCommands,
  ...imageCommands,
  ...buildCommands,
  ...networkCommands,
  ...volumeCommands,
}
