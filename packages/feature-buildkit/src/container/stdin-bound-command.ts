import type { Argv, StringMap } from '@capstan/core/plugin'

/**
 * Wraps a command in a shell that sends it SIGTERM when stdin ends. Without the wrapper a process goes on when the streams of
 * its exec end. The shell first reads the text of {@link toEnvironmentInput} from stdin.
 */
export function toStdinBoundCommand(command: Argv): Argv {
  return ['sh', '-c', stdinBoundScript, 'capstan-stdin-bound', ...command]
}

/**
 * The environment variables of a stdin-bound command. They are sent through stdin because the environment of an exec appears in
 * the command line of a runtime's own program and in the log of an engine.
 */
export function toEnvironmentInput(variables: StringMap): string {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${escapeValue(value)}\n`)
  return `${lines.join('')}\n`
}

/** Makes one line of the value, in the format of `printf %b`. */
function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

const stdinBoundScript = `while IFS= read -r line && [ -n "$line" ]; do
  value=$(printf '%bx' "\${line#*=}"); export "\${line%%=*}=\${value%x}"
done
exec 3<&0; "$@" </dev/null 3<&- & command=$!
{ cat <&3; kill -TERM "$command"; } >/dev/null 2>&1 & watcher=$!
exec 3<&-; wait "$command"; code=$?; kill "$watcher" 2>/dev/null; exit "$code"`
