import type { MemoryProgram } from '../memory-program.js'
import { controlCommands } from '../programs/control-commands.js'
import { fileCommands } from '../programs/file-commands.js'
import { identityCommands } from '../programs/identity-commands.js'
import { networkCommands } from '../programs/network-commands.js'
import { textCommands } from '../programs/text-commands.js'
import { sh } from './shell.js'

/** The commands of the default image: the few of a busybox that trying a runtime, and testing one, takes. */
export const baseCommands: Readonly<Record<string, MemoryProgram>> = {
  ...controlCommands,
  ...fileCommands,
  ...identityCommands,
  ...networkCommands,
  ...textCommands,
  sh,
}
