import type { AppleConnection } from '../apple-connection.js'
import type { CliCall } from '../cli/apple-cli.js'

export interface KillExec extends CliCall {
  readonly id: string
  readonly mark: string
  readonly killSignal: string
}

/**
 * Finds the process by the mark in its environment and signals it, by a shell in the container: a signal to the command
 * line does not reach it. False where the image has no shell, or the process is no longer there.
 */
export async function killExec(
  connection: AppleConnection,
  { id, mark, killSignal, ...call }: KillExec,
): Promise<boolean> {
  const name = killSignal.replace(/^SIG/, '')
  const argv = ['exec', '--user=0', id, 'sh', '-c', script, 'sh', name, toMark(mark)]
  return (await connection.cli.run(argv, { ...call, subject: id })).exitCode === 0
}

export function toMark(mark: string): string {
  return `${markName}=${mark}`
}

const markName = 'CAPSTAN_EXEC'

// The first one that has the mark: its children have inherited it.
const script = `
found=
for process in /proc/[0-9]*; do
  number=\${process#/proc/}
  tr '\\000' '\\n' < "$process/environ" 2>/dev/null | grep -qxF "$2" || continue
  [ -n "$found" ] && [ "$found" -lt "$number" ] || found=$number
done
[ -n "$found" ] && kill -s "$1" "$found"
`
