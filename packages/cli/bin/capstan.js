#!/usr/bin/env sh
//usr/bin/env true; exec node -- "$0" "$@"
// A shell executes the line above; for Node it is a comment. Without `--`, Node also reads the `--env-file` of `capstan run`:
// it exits if the file is missing, and applies a NODE_OPTIONS in it (nodejs/node#54232). `env -S` is not available on
// Alpine. This file is not compiled, since pnpm reads its first line when it creates its own command.
import '../dist/bin.js'
