import { posix } from 'node:path'
import type { PathStat } from '@capstan/core'
import { createHostError, type StreamCall } from '@capstan/core/plugin'
import type { AppleRuntimeContext } from '../apple-runtime-context.js'
import { runScript, toScriptError } from '../containers/guest-programs.js'

/** Reads the kind, size, mode and time of a file of a running container; `undefined` if it does not exist. */
export async function statPath(
  context: AppleRuntimeContext,
  path: string,
  call: StreamCall,
): Promise<PathStat | undefined> {
  const result = await runScript(context, { script, words: [path] }, call)
  if (result.exitCode === missingCode) return undefined
  if (result.exitCode !== 0) throw toScriptError(context, result, call)
  return parseStat(call.operation, result.stdout.toString('utf8'))
}

/**
 * Parses the output of the script: the mode in hexadecimal digits, the size, the time in seconds, and in a second line the
 * path to which a link leads.
 *
 * @throws HostError PROTOCOL_ERROR
 */
export function parseStat(operation: string, text: string): PathStat {
  const [, bits, size, seconds, target] = /^([0-9a-f]+) (\d+) (-?\d+)\n(?:(.*)\n)?$/s.exec(text) ?? []
  if (bits === undefined || (target !== undefined && !target.startsWith('/')))
    throw createHostError('PROTOCOL_ERROR', { operation, excerpt: text.slice(0, 500) })
  const mode = Number.parseInt(bits, 16)
  return {
    type: kinds.get(mode & 0o170000) ?? 'other',
    mode: mode & 0o7777,
    sizeBytes: Number(size),
    modifiedAt: new Date(Number(seconds) * 1000),
    ...(target !== undefined && { linkTarget: posix.normalize(target) }),
  }
}

/** The kinds of stat(2). */
const kinds: ReadonlyMap<number, PathStat['type']> = new Map([
  [0o100000, 'file'],
  [0o040000, 'directory'],
  [0o120000, 'symlink'],
])

const missingCode = 44
// Given a link to a missing file, `readlink -f` of busybox resolves it in the working directory. `echo` would interpret backslashes
// in some shells. The kernel follows at most 40 links.
const script = `
[ -e "$1" ] || [ -L "$1" ] || exit ${missingCode}
stat -c '%f %s %Y' "$1" || exit
[ -L "$1" ] || exit 0
if [ -e "$1" ]; then
  readlink -f "$1"
  exit
fi
path=$1 followed=0
while [ -L "$path" ] && [ $followed -lt 40 ]; do
  target=$(readlink "$path") || exit
  case $target in
    /*) ;;
    *) target=\${path%/*}/$target ;;
  esac
  directory=$(cd "\${target%/*}/" 2>/dev/null && pwd -P) && target=$directory/\${target##*/}
  path=$target followed=$((followed + 1))
done
printf '%s\\n' "$path"
`
