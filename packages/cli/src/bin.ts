import { readFileSync } from 'node:fs'
import { runProgram } from './program.js'
import { ProcessIo } from './terminal/io.js'

const { version }: { readonly version: string } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
)
const io = new ProcessIo()
const plugins = async () => (await import('./host/built-in-plugins.js')).loadBuiltInPlugins()
process.exitCode = await runProgram(process.argv.slice(2), { io, plugins, version })
io.close()
