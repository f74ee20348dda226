import type { Argv } from '@capstan/core/plugin'
import { fileTimesFunction } from './file-times-script.js'

/**
 * The prefix of every build directory. The daemon's script removes all of them when it starts and when it ends. Each build
 * removes those whose shell was killed: the file `pid` in the directory contains the PID of that shell.
 */
export const buildDirectoryPrefix = '/tmp/capstan-build-'

/** The arguments of the process that creates the directory of one build. */
export interface BuildDirectoryOptions {
  readonly directory: string
  /** The directory in which the file times of earlier builds are recorded, see {@link fileTimesFunction}. */
  readonly timesDirectory: string
  /** The size of the list of files, which is sent to stdin. */
  readonly listBytes: number
}

/**
 * Creates the directory of one build, prints the file times that must be changed and then `ready`, and removes the directory
 * when stdin ends. Stdin also ends when the process of the caller is killed. All other commands of the build write below this
 * directory and never create it themselves, so nothing is written after its removal.
 *
 * Its subdirectory `private` contains secrets and credentials. It is on the tmpfs of `/dev/shm`, if there is one, so they are
 * not written to a disk and are lost when the container stops. The script first removes the directories of shells that were
 * killed. A directory whose file `pid` is absent or empty belongs to a shell that is about to write it.
 */
export function toDirectoryCommand({ directory, timesDirectory, listBytes }: BuildDirectoryOptions): Argv {
  return ['sh', '-c', directoryScript, 'capstan-build', directory, timesDirectory, String(listBytes)]
}

/** Removes a build directory if the process that created it did not remove it. */
export function toRemovalCommand(directory: string): Argv {
  return ['sh', '-c', `rm -rf "$1" "/dev/shm/\${1##*/}"`, 'capstan-remove', directory]
}

/**
 * `$times` is the directory of the recorded file times, `$memory` the part of the build directory on the tmpfs, and `$draft` the
 * record that {@link fileTimesFunction} writes. The removal is repeated because a process that is about to end may still write
 * into the directory. `has_ended DIRECTORY PID` succeeds only if the owner of another directory is known to have ended: it does
 * not exist, the PID belongs to another command, or it is a zombie. If the command line is empty or cannot be read, only the
 * check for a zombie decides. `${dir%-*-*-*-*-*}` is `$dir` without its UUID.
 */
const directoryScript = `dir=$1; times=$2; memory=/dev/shm/\${dir##*/}; draft=$times/.\${dir##*/}; umask 077; trap '' PIPE
remove() { n=0; while ! rm -rf "$dir" "$memory" "$draft" 2>/dev/null && [ $n -lt 500 ]; do sleep 0.01; n=$((n+1)); done; }
has_ended() {
  [ -d "/proc/$2" ] || return 0
  line=$(tr '\\0' ' ' 2>/dev/null <"/proc/$2/cmdline") && case $line in *"$1"*) return 1;; ?*) return 0;; esac
  grep -q '^State:.Z' "/proc/$2/status" 2>/dev/null
}
${fileTimesFunction}
for other in "\${dir%-*-*-*-*-*}"-*; do
  pid=$(cat "$other/pid" 2>/dev/null) && [ -n "$pid" ] || continue
  has_ended "$other" "$pid" && rm -rf "$other" "/dev/shm/\${other##*/}" "$times/.\${other##*/}"
done
mkdir "$dir" || exit 1
trap remove EXIT; trap 'exit 1' HUP INT TERM; echo $$ >"$dir/pid"
if grep -q ' /dev/shm tmpfs ' /proc/mounts && mkdir "$memory" 2>/dev/null; then ln -s "$memory" "$dir/private"
else mkdir "$dir/private"; fi
mkdir "$dir/private/docker" "$dir/dockerfile" && head -c "$3" >"$dir/files" || exit 1
[ "$(wc -c <"$dir/files")" -eq "$3" ] && print_changed_times || exit 1
echo ready; cat >/dev/null`
