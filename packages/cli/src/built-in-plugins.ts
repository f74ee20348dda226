import type { RuntimePlugin } from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import { LazyPlugin } from './lazy-plugin.js'

/** The runtimes that come with the command, in the order in which they are tried. */
export async function loadBuiltInPlugins(): Promise<readonly RuntimePlugin[]> {
  return [
    dockerPlugin(),
    new LazyPlugin({ name: 'apple', selection: 'automatic', load: loadApplePlugin }),
    new LazyPlugin({ name: 'memory', selection: 'named', load: loadMemoryPlugin }),
  ]
}

async function loadApplePlugin(): Promise<RuntimePlugin> {
  const { applePlugin } = await import('@capstan/runtime-apple')
  return applePlugin()
}

async function loadMemoryPlugin(): Promise<RuntimePlugin> {
  const [{ memoryPlugin }, { helloProgram }] = await Promise.all([
    import('@capstan/runtime-memory'),
    import('./quickstart/hello-program.js'),
  ])
  return memoryPlugin({ commands: { hello: helloProgram } })
}
