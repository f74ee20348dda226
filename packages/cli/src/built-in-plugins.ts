import type { RuntimePlugin } from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import { memoryPlugin } from '@capstan/runtime-memory'
import { helloProgram } from './quickstart/hello-program.js'

/** The runtimes that come with the command, in the order in which they are tried. */
export async function loadBuiltInPlugins(): Promise<readonly RuntimePlugin[]> {
  return [dockerPlugin(), memoryPlugin({ commands: { hello: helloProgram } })]
}
