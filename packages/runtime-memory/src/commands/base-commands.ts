import type { MemoryProgram } from '../memory-program.js'
import { controlCommands } from './control-commands.js'
import { fileCommands } from './file-commands.js'
import { identityCommands } from './identity-commands.js'
import { networkCommands } from './network-commands.js'
import { sh } from './shell.js'
import { textCommands } from './text-commands.js'

/** The commands of the default image: the few of a busybox that trying a runtime, and testing one, takes. */
export const baseCommands: Readonly<Record<string, MemoryProgram>> = {
  ...controlCommands,
  ...fileCommands,
  ...identityCommands,
  ...networkCommands,
  ...textCommands,
  sh,
}
