#!/usr/bin/env sh
//usr/bin/env true; exec node -- "$0" "$@"
// A shell runs the line above; to Node it is a comment. Without its `--` Node takes the `--env-file` of `capstan run` for
// its own as well: it ends where the file is missing, and obeys a NODE_OPTIONS in it (nodejs/node#54232). `env -S` would
// do too, but not on Alpine. Nothing builds this file, so that pnpm finds the first line when it makes its own command.
import '../dist/bin.js'
