import { randomUUID } from 'node:crypto'
import type { ExecManager, OperationOptions } from '@capstan/core'
import { type Argv, createHostError } from '@capstan/core/plugin'
import { runExec } from '../container/exec.js'
import { testBuildPrefix } from './daemon-script.js'
import type { SidecarInstance } from './find-sidecar.js'
import { PrivilegeLevelError } from './privilege-selection.js'

/**
 * Builds a Dockerfile with one RUN, once per sidecar: a BuildKit that answers and copies files may be unable to start the
 * process of a step. Does nothing in a privileged sidecar, where no privilege is missing.
 *
 * @throws PrivilegeLevelError with the last line of the output when the test build fails, and HostError OPERATION_FAILED when
 * its command fails for another reason.
 */
export async function runTestBuild(
  execs: ExecManager,
  { id, level }: SidecarInstance,
  { signal }: OperationOptions,
): Promise<void> {
  if (level.privilege === 'privileged') return
  const command = toTestBuildCommand(`${testBuildPrefix}${randomUUID()}`)
  const { exitCode, stderr } = await runExec(execs, id, { command, signal })
  if (exitCode === 0) return
  const lines = stderr.split('\n').filter((line) => line.trim() !== '')
  const records = lines.map(parseLogs)
  const output = records.flatMap((logs = []) => logs.flatMap((text) => text.split('\n')))
  const diagnostics = lines.filter((_, index) => records[index] === undefined)
  const messages = [...output, ...diagnostics].filter((line) => line.trim() !== '')
  const isRunFailure = exitCode === 1 && messages.some((line) => line.includes('failed to solve'))
  const lastOutput = output.findLast((line) => line.trim() !== '')
  const reason = (isRunFailure ? lastOutput : undefined) ?? messages.at(-1) ?? `buildctl exited with code ${exitCode}`
  const facts = { operation: 'run a step', subject: `BuildKit in container "${id}"`, status: exitCode, reason }
  const error = createHostError('OPERATION_FAILED', facts)
  throw isRunFailure ? new PrivilegeLevelError('test-build-failed', error) : error
}

/** Returns the output of steps in one line of `--progress=rawjson`; `undefined` for a line of text. */
function parseLogs(line: string): readonly string[] | undefined {
  try {
    const { logs }: { logs?: readonly { data?: string }[] | null } = JSON.parse(line)
    return (logs ?? []).map(({ data = '' }) => Buffer.from(data, 'base64').toString())
  } catch {
    return undefined
  }
}

/**
 * Runs the test build and exits with its code. The image contains only the shell that runs this script and its libraries, so
 * nothing is pulled. Does nothing if a test build has already succeeded in this sidecar.
 *
 * `directory` begins with {@link testBuildPrefix}. It is created, and removed at the end.
 */
export function toTestBuildCommand(directory: string): Argv {
  return ['sh', '-c', testBuildScript, 'capstan-test-build', directory, '/tmp/capstan-test-build-succeeded']
}

const testBuildScript = `dir=$1; [ ! -e "$2" ] || exit 0
mkdir "$dir" || exit; trap 'rm -rf "$dir"' EXIT; trap 'exit 1' HUP INT TERM
root=$dir/root; mkdir -p "$root/bin" && cp "$(readlink -f "/proc/$$/exe")" "$root/bin/sh" || exit
for file in $(ldd "$root/bin/sh" 2>/dev/null | grep -o '/[^ ]*') /lib/ld-musl-*; do
  [ ! -f "$file" ] || { mkdir -p "$root\${file%/*}" && cp "$file" "$root$file"; } || exit
done
printf 'FROM scratch\\nCOPY . /\\nRUN :\\n' >"$dir/Dockerfile"
buildctl build --progress=rawjson --frontend=dockerfile.v0 --local=context="$root" --local=dockerfile="$dir" &&
: >"$2"`
