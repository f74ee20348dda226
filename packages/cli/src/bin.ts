#!/usr/bin/env sh
//usr/bin/env true; exec node -- "$0" "$@"
// A shell runs the line above; to Node it is a comment. Without its `--` Node takes the `--env-file` of `capstan run` for
// its own as well: it ends where the file is missing, and obeys a NODE_OPTIONS in it (nodejs/node#54232). `env -S` would
// do too, but not on Alpine.
import { ProcessIo } from './io.js'
import { runProgram } from './program.js'
import { readVersion } from './version.js'

const io = new ProcessIo()
const plugins = async () => (await import('./built-in-plugins.js')).loadBuiltInPlugins()
process.exitCode = await runProgram(process.argv.slice(2), { io, plugins, version: readVersion() })
io.close()
