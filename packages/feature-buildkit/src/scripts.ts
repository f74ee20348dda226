import type { Argv, StringMap } from '@capstan/core'

/** A lease that comes too late ends with this code, and one that could not be written with 1. */
export const endingCode = 3

/** Leases are files here; gone with the container. Without the directory nobody takes one any more. */
const leaseDirectory = '/tmp/capstan-leases'

/**
 * The path of each build's directory begins with this. The daemon's script removes all of them at its start and its end,
 * and a build those whose `holder`, a file with the PID of the shell that made the directory, has been killed.
 */
export const buildDirectoryPrefix = '/tmp/capstan-build-'

/** Of ca.pem, cert.pem and key.pem; the last file says that all are there. */
export const certificateDirectory = '/tmp/capstan-certificates'
export const certificatesAreThere: string = `${certificateDirectory}/ready`

export interface DaemonCommand {
  /** Stops when nobody has taken a lease for so long: whoever started it may have died. */
  readonly orphanMs: number
  /** How long, in milliseconds, the daemon may take to end after SIGTERM; then it is killed. */
  readonly stopMs: number
  /** The text of its buildkitd.toml. */
  readonly config: string
  readonly awaitsCertificates: boolean
  readonly daemon: Argv
}

/**
 * Starts the daemon, and ends with its code; with 0 where it was ended because nobody has a lease: after SIGTERM a daemon
 * ends with 1, as after any failure (https://github.com/moby/buildkit/issues/3282).
 */
export function toDaemonCommand({ orphanMs, stopMs, config, awaitsCertificates, daemon }: DaemonCommand): {
  entrypoint: Argv
  command: Argv
} {
  const awaited = awaitsCertificates ? certificatesAreThere : ''
  const seconds = (ms: number) => String(ms / 1000)
  return {
    entrypoint: ['sh', '-c', daemonScript, 'capstan-buildkitd'],
    command: [leaseDirectory, seconds(orphanMs), seconds(stopMs), awaited, config, ...daemon, '--config', configPath],
  }
}

const configPath = `${leaseDirectory}.toml`

/**
 * A daemon that hangs ignores SIGTERM. The script kills it, since the process that would stop the container may have died.
 *
 * A shell that has just split off still has the signal handler of the one before, and loses a signal that comes then (dash
 * and busybox do): so the daemon gets none before its own shell has said, by a file, that it is past that.
 */
const daemonScript = `p=; ending=; trap 'ending=1; stop' TERM
stop() {
  [ -n "$p" ] || return 0; n=0
  while [ ! -e "$dir.up" ] && [ $n -lt 100 ]; do sleep 0.01; n=$((n+1)); done
  kill -TERM "$p"
  ( sleep "$patience"; kill -KILL "$p" ) >/dev/null 2>&1 &
}
leave() { rm -rf "$builds"*; [ ! -d "$dir" ] || exit "$1"; exit 0; }
dir=$1; wait=$2; patience=$3; awaited=$4; builds=\${dir%leases}build-; printf %s "$5" >"$dir.toml"; shift 5
rm -rf "$dir" "$dir.up" "$dir.pid" "$builds"*; mkdir -p "$dir"; echo $$ >"$dir.pid"
( sleep "$wait"; rmdir "$dir" && kill -TERM "$(cat "$dir.pid")" ) >/dev/null 2>&1 &
while [ -n "$awaited" ] && [ ! -e "$awaited" ] && [ -z "$ending" ]; do sleep 0.01; done
[ -z "$ending" ] || leave 143
{ true >"$dir.up"; exec "$@"; } & p=$!; [ -z "$ending" ] || stop
while ending=; wait "$p"; rc=$?; [ -n "$ending" ]; do :; done
leave "$rc"`

/**
 * Holds a lease until stdin ends, says \`held\` when it has it, and in the end \`shared\`, or \`last\` when it stops the
 * daemon because no other lease came within the grace, or \`over\` when another one has done so meanwhile. The end of the
 * holder ends stdin, however it ends.
 *
 * Only an empty directory can be removed, and only once: so there is one last, and no lease after it.
 */
export function toLeaseCommand(graceSeconds: number): Argv {
  return ['sh', '-c', leaseScript, 'capstan-lease', leaseDirectory, String(graceSeconds)]
}

const leaseScript = `dir=$1; trap '' PIPE; n=0
while [ ! -s "$dir.pid" ] && [ $n -lt 500 ]; do sleep 0.01; n=$((n+1)); done
[ -d "$dir" ] || exit ${endingCode}
lease=$(mktemp "$dir/XXXXXX") || { [ -d "$dir" ] && exit 1; exit ${endingCode}; }
echo held; cat >/dev/null; rm -f "$lease"; sleep "$2"
if rmdir "$dir" 2>/dev/null; then kill -TERM "$(cat "$dir.pid")"; echo last
elif [ -d "$dir" ]; then echo shared; else echo over; fi`

/**
 * Stops the daemon unless a lease is held; prints `last` or `shared`, as the end of a lease does. With `takesKeepBack`, the
 * lease of `keep` is removed first.
 */
export function toCloseCommand({ takesKeepBack = false }: { readonly takesKeepBack?: boolean } = {}): Argv {
  return ['sh', '-c', closeScript, 'capstan-close', leaseDirectory, ...(takesKeepBack ? [keptLease] : [])]
}

const closeScript = `[ -z "$2" ] || rm -f "$1/$2"; n=0; while [ ! -s "$1.pid" ] && [ $n -lt 100 ]; do sleep 0.01; n=$((n+1)); done
if [ -d "$1" ] && ! rmdir "$1" 2>/dev/null; then echo shared; exit; fi
echo last; kill -TERM "$(cat "$1.pid")"`

/** A lease of nobody: with it the daemon goes on without users. */
export function toKeepCommand(): Argv {
  return ['sh', '-c', `: >"$1/${keptLease}"`, 'capstan-keep', leaseDirectory]
}

/** Gives that back, if it is there. */
export function toLetGoCommand(): Argv {
  return ['sh', '-c', `rm -f "$1/${keptLease}"`, 'capstan-let-go', leaseDirectory]
}

const keptLease = 'kept'

/** Waits for the daemon's socket, for so long at most, and becomes the command then. */
export function toWaitCommand(command: Argv, { socketPath, timeoutMs }: SocketWait): Argv {
  return ['sh', '-c', waitScript, 'capstan-wait', socketPath, String(Math.ceil(timeoutMs / 10)), ...command]
}

export interface SocketWait {
  readonly socketPath: string
  readonly timeoutMs: number
}

const waitScript = `socket=$1; n=$2; shift 2
while [ ! -e "$socket" ] && [ "$n" -gt 0 ]; do sleep 0.01; n=$((n-1)); done
exec "$@"`

/**
 * Builds one RUN by `buildctl`, on a root of this shell and the libraries that it is linked with; exits with the code of
 * the build. A RUN that has worked in this sidecar is not tried again.
 *
 * `directory` begins with {@link buildDirectoryPrefix} and is removed at the end; after a SIGKILL by the next build.
 */
export function toRunProofCommand(directory: string): Argv {
  return ['sh', '-c', runProofScript, 'capstan-prove-run', directory, '/tmp/capstan-run-works']
}

const runProofScript = `dir=$1; [ ! -e "$2" ] || exit 0
mkdir "$dir" || exit; trap 'rm -rf "$dir"' EXIT; trap 'exit 1' HUP INT TERM; echo $$ >"$dir/holder"
root=$dir/root; mkdir -p "$root/bin" && cp "$(readlink -f "/proc/$$/exe")" "$root/bin/sh" || exit
for file in $(ldd "$root/bin/sh" 2>/dev/null | grep -o '/[^ ]*') /lib/ld-musl-*; do
  [ ! -f "$file" ] || { mkdir -p "$root\${file%/*}" && cp "$file" "$root$file"; } || exit
done
printf 'FROM scratch\\nCOPY . /\\nRUN :\\n' >"$dir/Dockerfile"
buildctl build --progress=rawjson --frontend=dockerfile.v0 --local=context="$root" --local=dockerfile="$dir" &&
: >"$2"`

/**
 * Runs a command, and sends it SIGTERM when stdin ends: the end of an exec's streams alone ends no process. Reads
 * {@link toLeashInput} first.
 */
export function toLeashedCommand(command: Argv): Argv {
  return ['sh', '-c', leashScript, 'capstan-leash', ...command]
}

/**
 * Variables of a leashed command, by its stdin: what an exec is given as its environment stands in the command line of a
 * runtime's own program, and in the log of an engine.
 */
export function toLeashInput(variables: StringMap): string {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${toLine(value)}\n`)
  return `${lines.join('')}\n`
}

/** One line, for \`printf %b\`. */
function toLine(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

const leashScript = `while IFS= read -r line && [ -n "$line" ]; do
  value=$(printf '%bx' "\${line#*=}"); export "\${line%%=*}=\${value%x}"
done
exec 3<&0; "$@" </dev/null 3<&- & p=$!
{ cat <&3; kill -TERM "$p"; } >/dev/null 2>&1 & w=$!
exec 3<&-; wait "$p"; rc=$?; kill "$w" 2>/dev/null; exit "$rc"`
