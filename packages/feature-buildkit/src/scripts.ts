import type { Argv } from '@capstan/core'

/** Where the daemon listens, and what another container needs to have of it. */
export const socketDirectory = '/run/buildkit'
const socketPath = `${socketDirectory}/buildkitd.sock`
export const socketAddress: string = `unix://${socketPath}`

/** Where the daemon keeps its cache. */
export const stateDirectory = '/var/lib/buildkit'

/** Leases are files here; gone with the container. */
const leaseDirectory = '/tmp/capstan-leases'

/**
 * Starts the daemon, and stops it again when nobody has taken a lease for `seconds`: whoever started it may have died.
 */
export function toDaemonCommand(seconds: number, daemon: Argv): { entrypoint: Argv; command: Argv } {
  return {
    entrypoint: ['sh', '-c', daemonScript, 'capstan-buildkitd'],
    command: [leaseDirectory, String(seconds), ...daemon],
  }
}

const daemonScript = `dir=$1; wait=$2; shift 2
mkdir -p "$dir"; echo $$ >"$dir.pid"
( sleep "$wait"; [ -n "$(ls "$dir")" ] || kill -TERM "$(cat "$dir.pid")" ) >/dev/null 2>&1 &
exec "$@"`

/**
 * Holds a lease until stdin ends, says \`held\` when it has it, and in the end \`shared\`, or \`last\` when it stops the
 * daemon because no other lease came within the grace. The end of the holder ends stdin, however it ends.
 */
export function toLeaseCommand(graceSeconds: number): Argv {
  return ['sh', '-c', leaseScript, 'capstan-lease', leaseDirectory, String(graceSeconds)]
}

const leaseScript = `dir=$1; mkdir -p "$dir"; lease=$(mktemp "$dir/XXXXXX") || exit 1
echo held; cat >/dev/null; rm -f "$lease"; sleep "$2"
if [ -n "$(ls "$dir")" ]; then echo shared; else echo last; kill -TERM "$(cat "$dir.pid")"; fi`

/** Waits for the daemon's socket, and becomes the command then. */
export function toWaitCommand(command: Argv): Argv {
  return ['sh', '-c', waitScript, 'capstan-wait', socketPath, ...command]
}

const waitScript = 'socket=$1; shift; while [ ! -e "$socket" ]; do sleep 0.01; done; exec "$@"'

/** Runs a command, and sends it SIGTERM when stdin ends: the end of an exec's streams alone ends no process. */
export function toLeashedCommand(command: Argv): Argv {
  return ['sh', '-c', leashScript, 'capstan-leash', ...command]
}

const leashScript = `exec 3<&0; "$@" </dev/null 3<&- & p=$!
{ cat <&3; kill -TERM "$p"; } >/dev/null 2>&1 & w=$!
exec 3<&-; wait "$p"; rc=$?; kill "$w" 2>/dev/null; exit "$rc"`
