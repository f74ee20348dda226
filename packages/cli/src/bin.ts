import { ProcessIo } from './io.js'
import { runProgram } from './program.js'
import { readVersion } from './version.js'

const io = new ProcessIo()
const plugins = async () => (await import('./built-in-plugins.js')).loadBuiltInPlugins()
process.exitCode = await runProgram(process.argv.slice(2), { io, plugins, version: readVersion() })
io.close()
