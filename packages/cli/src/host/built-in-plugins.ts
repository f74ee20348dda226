import { release, type } from 'node:os'
import type { RuntimePlugin } from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import type { MemoryProgram } from '@capstan/runtime-memory'
import type { PluginSourceOptions } from './invocation.js'
import { LazyPlugin } from './lazy-plugin.js'

/** Returns the runtimes of this package, in the order in which they are tried. */
export async function loadBuiltInPlugins({ context }: PluginSourceOptions = {}): Promise<readonly RuntimePlugin[]> {
  return [
    dockerPlugin(context === undefined ? {} : { context }),
    new LazyPlugin({ name: 'apple', selection: 'automatic', load: loadApplePlugin }),
    new LazyPlugin({ name: 'memory', selection: 'named', load: loadMemoryPlugin }),
  ]
}

async function loadApplePlugin(): Promise<RuntimePlugin> {
  const { applePlugin } = await import('@capstan/runtime-apple')
  return applePlugin()
}

async function loadMemoryPlugin(): Promise<RuntimePlugin> {
  const { memoryPlugin } = await import('@capstan/runtime-memory')
  return memoryPlugin({ commands: { hello: helloProgram } })
}

/** The program `/hello` of examples/quickstart, for the simulation. */
export const helloProgram: MemoryProgram = async ({ stdout, env }) => {
  const host = env.HOSTNAME === undefined ? '' : `, host ${env.HOSTNAME}`
  stdout.write(`Hello from a simulated container: ${type()} ${release()} on ${process.arch}${host}\n`)
  return 0
}
