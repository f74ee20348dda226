import type { Argv } from '@capstan/core'

/**
 * Makes the directory of one build, says `ready`, and removes it when stdin ends: however the process at the other end of
 * stdin ends. Every other command of the build works below it, and makes no part of it that is not there.
 *
 * `private` in it is memory where the sidecar has a tmpfs for that: it is no longer there after a stop of the container.
 * What a killed shell of this kind has left, the next one removes.
 */
export function toDirectoryCommand(directory: string): Argv {
  return ['sh', '-c', directoryScript, 'capstan-build', directory]
}

/** Removes the same by itself. */
export function toRemovalCommand(directory: string): Argv {
  return ['sh', '-c', `rm -rf "$1" "/dev/shm/\${1##*/}"`, 'capstan-remove', directory]
}

/** A writer that still ends may put a file into a directory that is being removed: then it is removed again. */
const directoryScript = `dir=$1; memory=/dev/shm/\${dir##*/}; umask 077; trap '' PIPE
leave() { n=0; while ! rm -rf "$dir" "$memory" 2>/dev/null && [ $n -lt 500 ]; do sleep 0.01; n=$((n+1)); done; }
for other in "\${dir%-*-*-*-*-*}"-*; do
  holder=$(cat "$other/holder" 2>/dev/null) || continue
  grep -q "$other" "/proc/$holder/cmdline" 2>/dev/null || rm -rf "$other" "/dev/shm/\${other##*/}"
done
mkdir "$dir" || exit 1
trap leave EXIT; trap 'exit 1' HUP INT TERM; echo $$ >"$dir/holder"
if grep -q ' /dev/shm tmpfs ' /proc/mounts && mkdir "$memory" 2>/dev/null; then ln -s "$memory" "$dir/private"
else mkdir "$dir/private"; fi
mkdir "$dir/private/docker" "$dir/dockerfile" && echo ready && cat >/dev/null`
