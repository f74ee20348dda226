import type { ContainerProcess } from '@capstan/core'
import { createHostError, type StreamCall } from '@capstan/core/plugin'
import type { AppleRuntimeContext } from '../apple-runtime-context.js'
import { runScript, toScriptError } from './guest-programs.js'

/** Lists the processes of a running container by a script there, which needs `sh` and `tr`. */
export async function listProcesses(
  context: AppleRuntimeContext,
  call: StreamCall,
): Promise<readonly ContainerProcess[]> {
  const result = await runScript(context, { script, words: [] }, call)
  if (result.exitCode !== 0) throw toScriptError(context, result, call)
  const lines = result.stdout.toString('utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => parseProcess(call.operation, line))
}

function parseProcess(operation: string, line: string): ContainerProcess {
  const [, pid, parentPid, user = '', command = ''] = /^(\d+) (\d+) (\d+) (.*)$/.exec(line) ?? []
  if (pid === undefined) throw createHostError('PROTOCOL_ERROR', { operation, excerpt: line.slice(0, 500) })
  return { pid: Number(pid), parentPid: Number(parentPid), user, command: command.trimEnd() }
}

// Prints the id, that of the parent, the effective user and the command of each process, without those of the script. A process
// without arguments, such as a zombie, is shown by its name, as `ps` does.
const script = `
for process in /proc/[0-9]*; do
  parent= user= title=
  {
    while read -r name value effective rest; do
      case $name in
        Name:) title="$value\${effective:+ $effective}\${rest:+ $rest}" ;;
        PPid:) parent=$value ;;
        Uid:) user=$effective ;;
      esac
    done < "$process/status"
    command=$(tr '\\000\\n' '  ' < "$process/cmdline")
  } 2>/dev/null
  [ -n "$user" ] || continue
  [ "\${process#/proc/}" = $$ ] || [ "$parent" = $$ ] || printf '%s\\n' "\${process#/proc/} $parent $user \${command:-[$title]}"
done
:
`
