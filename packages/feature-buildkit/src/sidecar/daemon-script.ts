import type { Argv } from '@capstan/core/plugin'
import type { BuildKitCacheLimits } from '../buildkit-options.js'
import { certificateDirectory, certificatesReadyFile } from './certificates.js'
import { daemonDirectory } from './lease-scripts.js'

/** The settings in the daemon's configuration file. */
export interface DaemonSettings {
  readonly cache: Required<BuildKitCacheLimits>
  readonly dns: readonly string[]
}

/** The daemon of a sidecar, and when its script stops it. */
export interface DaemonCommandOptions extends DaemonSettings {
  /** Time limit, in milliseconds, for the first lease: the process that started the daemon may have died. */
  readonly firstLeaseTimeoutMs: number
  /** How long, in milliseconds, the daemon may take to end after SIGTERM. After that it is killed. */
  readonly stopMs: number
  /** Whether the daemon requires certificates on TCP. The script then waits for them. */
  readonly hasCertificates: boolean
  readonly daemon: Argv
}

/**
 * Returns the entrypoint and the command of the sidecar, which run the daemon. They exit with 0 when the daemon was stopped
 * because no lease was held, with 143 when SIGTERM arrived before the daemon started, and otherwise with the daemon's exit
 * code. After SIGTERM the daemon itself exits with 1, as after a failure (https://github.com/moby/buildkit/issues/3282).
 */
export function toDaemonCommand(options: DaemonCommandOptions): { entrypoint: Argv; command: Argv } {
  const { firstLeaseTimeoutMs, stopMs, hasCertificates, daemon } = options
  const awaitedFile = hasCertificates ? certificatesReadyFile : ''
  const times = [firstLeaseTimeoutMs, stopMs].map((ms) => String(ms / 1000))
  const config = ['--config', `${daemonDirectory}/buildkitd.toml`]
  return {
    entrypoint: ['sh', '-c', daemonScript, 'capstan-buildkitd'],
    command: [daemonDirectory, ...times, awaitedFile, toConfigFile(options), ...daemon, ...config],
  }
}

/** Returns the text of buildkitd.toml: https://github.com/moby/buildkit/blob/v0.32.2/docs/buildkitd.toml.md */
function toConfigFile({ cache, dns, hasCertificates }: DaemonCommandOptions): string {
  // With a CA the daemon also requires a certificate of the client.
  const certificates = ['ca', 'cert', 'key'].map((name) => `${name} = "${certificateDirectory}/${name}.pem"`)
  const lines = [
    '[worker.oci]',
    'gc = true',
    `reservedSpace = ${cache.reservedBytes}`,
    `maxUsedSpace = ${cache.maxUsedBytes}`,
    `minFreeSpace = ${cache.minFreeBytes}`,
    ...(dns.length === 0 ? [] : ['[dns]', `nameservers = ${JSON.stringify(dns)}`]),
    ...(hasCertificates ? ['[grpc.tls]', ...certificates] : []),
  ]
  return `${lines.join('\n')}\n`
}

/**
 * Arguments: {@link daemonDirectory}, seconds until the first lease, seconds until SIGKILL, file to wait for (or empty), text of
 * buildkitd.toml, then the daemon's command.
 *
 * Creates the daemon directory, and stops if no lease is acquired in time. Waits for the certificates and runs the daemon. On
 * SIGTERM it stops the daemon, and kills it after the given time, also when the process that released the last lease has died.
 *
 * In dash and busybox, a subshell keeps the signal handlers of its parent for a moment after the fork, and loses a signal
 * that arrives then. So the script sends SIGTERM only after the subshell of the daemon has created the file `started`.
 */
const daemonScript = `daemon=; stopping=; trap 'stopping=1; stop' TERM
stop() {
  [ -n "$daemon" ] || return 0; n=0
  while [ ! -e "$dir/started" ] && [ $n -lt 100 ]; do sleep 0.01; n=$((n+1)); done
  kill -TERM "$daemon"
  ( sleep "$stop_seconds"; kill -KILL "$daemon" ) >/dev/null 2>&1 &
}
finish() { [ ! -d "$dir/leases" ] || exit "$1"; exit 0; }
dir=$1; first_lease_seconds=$2; stop_seconds=$3; certificates=$4
rm -rf "$dir"; mkdir -p "$dir/leases"; printf %s "$5" >"$dir/buildkitd.toml"; echo $$ >"$dir/pid"; shift 5
( sleep "$first_lease_seconds"; rmdir "$dir/leases" && kill -TERM "$(cat "$dir/pid")" ) >/dev/null 2>&1 &
while [ -n "$certificates" ] && [ ! -e "$certificates" ] && [ -z "$stopping" ]; do sleep 0.01; done
[ -z "$stopping" ] || finish 143
{ true >"$dir/started"; exec "$@"; } & daemon=$!; [ -z "$stopping" ] || stop
while stopping=; wait "$daemon"; code=$?; [ -n "$stopping" ]; do :; done
finish "$code"`
