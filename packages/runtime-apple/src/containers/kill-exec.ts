import type { AppleRuntimeContext } from '../apple-runtime-context.js'
import type { CliCall } from '../cli/apple-cli.js'

export interface KillExec extends CliCall {
  readonly id: string
  readonly execId: string
  readonly killSignal: string
  /** Also signals the processes that it has started. Default false. */
  readonly includesChildren?: boolean
}

/**
 * Signals a process in the container with a shell there, because a signal to the command does not reach the process. Finds it
 * by the id in its environment. Resolves with false if the image has no shell or the process has ended.
 */
export async function killExec(
  context: AppleRuntimeContext,
  { id, execId, killSignal, includesChildren = false, ...call }: KillExec,
): Promise<boolean> {
  const name = killSignal.replace(/^SIG/, '')
  const target = includesChildren ? 'all' : 'first'
  const argv = ['exec', '--user=0', id, 'sh', '-c', script, 'sh', name, toExecVariable(execId), target]
  return (await context.cli.run(argv, { ...call, subject: id })).exitCode === 0
}

/** The variable that identifies the process, as `NAME=VALUE`. */
export function toExecVariable(execId: string): string {
  return `CAPSTAN_EXEC=${execId}`
}

// Child processes inherit the variable: the first process has the lowest pid.
const script = `
found=
for process in /proc/[0-9]*; do
  number=\${process#/proc/}
  tr '\\000' '\\n' < "$process/environ" 2>/dev/null | grep -qxF "$2" || continue
  if [ "$3" = all ]; then
    found="$found $number"
  else
    [ -n "$found" ] && [ "$found" -lt "$number" ] || found=$number
  fi
done
[ -n "$found" ] && kill -s "$1" $found
`
