import { readFileSync } from 'node:fs'
import type { PluginSource } from './host/invocation.js'
import { runProgram } from './program.js'
import { ProcessIo } from './terminal/io.js'

const { version }: { readonly version: string } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
)
const io = new ProcessIo()
const plugins: PluginSource = async (options) =>
  (await import('./host/built-in-plugins.js')).loadBuiltInPlugins(options)
process.exitCode = await runProgram(process.argv.slice(2), { io, plugins, version })
io.close()
