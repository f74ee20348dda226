import type { Argv } from '@capstan/core'
import { fileTimesFunction } from './file-times-script.js'

/** A directory that is to be made, and what its process is asked at once. */
export interface DirectoryPlan {
  readonly directory: string
  /** Where the sidecar keeps which file had which time. */
  readonly timesDirectory: string
  /** How many bytes of a list of files come by stdin. */
  readonly listBytes: number
}

/**
 * Makes the directory of one build, answers the list of files with their times, says `ready`, and removes the directory
 * when stdin ends: however the process at the other end of stdin ends. Every other command of the build works below it,
 * and makes no part of it that is not there.
 *
 * `private` in it is memory where the sidecar has a tmpfs for that: it is no longer there after a stop of the container.
 * What a killed shell of this kind has left, the next one removes.
 */
export function toDirectoryCommand({ directory, timesDirectory, listBytes }: DirectoryPlan): Argv {
  return ['sh', '-c', directoryScript, 'capstan-build', directory, timesDirectory, String(listBytes)]
}

/** Removes the same by itself. */
export function toRemovalCommand(directory: string): Argv {
  return ['sh', '-c', `rm -rf "$1" "/dev/shm/\${1##*/}"`, 'capstan-remove', directory]
}

/** A writer that still ends may put a file into a directory that is being removed: then it is removed again. */
const directoryScript = `dir=$1; times=$2; memory=/dev/shm/\${dir##*/}; draft=$times/.\${dir##*/}; umask 077; trap '' PIPE
leave() { n=0; while ! rm -rf "$dir" "$memory" "$draft" 2>/dev/null && [ $n -lt 500 ]; do sleep 0.01; n=$((n+1)); done; }
${fileTimesFunction}
for other in "\${dir%-*-*-*-*-*}"-*; do
  holder=$(cat "$other/holder" 2>/dev/null) || continue
  grep -q "$other" "/proc/$holder/cmdline" 2>/dev/null || rm -rf "$other" "/dev/shm/\${other##*/}" "$times/.\${other##*/}"
done
mkdir "$dir" || exit 1
trap leave EXIT; trap 'exit 1' HUP INT TERM; echo $$ >"$dir/holder"
if grep -q ' /dev/shm tmpfs ' /proc/mounts && mkdir "$memory" 2>/dev/null; then ln -s "$memory" "$dir/private"
else mkdir "$dir/private"; fi
mkdir "$dir/private/docker" "$dir/dockerfile" && head -c "$3" >"$dir/files" || exit 1
[ "$(wc -c <"$dir/files")" -eq "$3" ] && answer_times || exit 1
echo ready; cat >/dev/null`
