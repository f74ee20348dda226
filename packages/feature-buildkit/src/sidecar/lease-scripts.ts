import type { Argv } from '@capstan/core/plugin'

/**
 * The exit code of {@link toLeaseCommand} when the sidecar is stopping and no lease can be acquired. Other failures exit
 * with 1.
 */
export const stoppingExitCode = 3

/**
 * Contains `buildkitd.toml`, `pid` (the PID of the daemon's script), `started` (exists when the daemon starts), and the directory
 * `leases` with one file per lease. When `leases` is gone, no lease can be acquired any more.
 */
export const daemonDirectory = '/tmp/capstan-daemon'

/**
 * Acquires a lease, prints `held`, and holds the lease until stdin ends, also because the process of the caller was killed.
 * Then prints `shared` if there are other leases or the sidecar is pinned, `last` if there is no lease after the grace period,
 * or `ended` if another process has stopped the daemon meanwhile. The script of the last lease stops the daemon.
 *
 * `rmdir` removes only an empty directory, and succeeds only once. So there is exactly one last lease, and none can be acquired
 * after it.
 */
export function toLeaseCommand(graceSeconds: number): Argv {
  return ['sh', '-c', leaseScript, 'capstan-lease', daemonDirectory, String(graceSeconds)]
}

const leaseScript = `dir=$1; trap '' PIPE; n=0
while [ ! -s "$dir/pid" ] && [ $n -lt 500 ]; do sleep 0.01; n=$((n+1)); done
[ -d "$dir/leases" ] || exit ${stoppingExitCode}
lease=$(mktemp "$dir/leases/XXXXXX") || { [ -d "$dir/leases" ] && exit 1; exit ${stoppingExitCode}; }
echo held; cat >/dev/null; rm -f "$lease"; sleep "$2"
if rmdir "$dir/leases" 2>/dev/null; then kill -TERM "$(cat "$dir/pid")"; echo last
elif [ -d "$dir/leases" ]; then echo shared; else echo ended; fi`

/**
 * Stops the daemon and prints `stopped`. If there is a lease, or the sidecar is pinned, it prints `in-use` instead. With
 * `includesPinned`, the lease of {@link toPinCommand} is removed first.
 */
export function toStopCommand({ includesPinned = false }: { readonly includesPinned?: boolean } = {}): Argv {
  return ['sh', '-c', stopScript, 'capstan-stop', daemonDirectory, ...(includesPinned ? [pinLease] : [])]
}

const stopScript = `dir=$1; [ -z "$2" ] || rm -f "$dir/leases/$2"; n=0
while [ ! -s "$dir/pid" ] && [ $n -lt 100 ]; do sleep 0.01; n=$((n+1)); done
if [ -d "$dir/leases" ] && ! rmdir "$dir/leases" 2>/dev/null; then echo in-use; exit; fi
echo stopped; kill -TERM "$(cat "$dir/pid")"`

/** Creates a lease that no process holds: the daemon keeps running when no other lease is held. */
export function toPinCommand(): Argv {
  return ['sh', '-c', `: >"$1/leases/${pinLease}"`, 'capstan-pin', daemonDirectory]
}

/** Removes the lease of {@link toPinCommand} if it exists. */
export function toUnpinCommand(): Argv {
  return ['sh', '-c', `rm -f "$1/leases/${pinLease}"`, 'capstan-unpin', daemonDirectory]
}

const pinLease = 'pin'
