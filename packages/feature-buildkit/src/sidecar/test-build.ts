import type { BuildRequest } from '@capstan/buildkit-client/request'
import { type ExecManager, isHostError, type OperationOptions } from '@capstan/core'
import { type Argv, createHostError } from '@capstan/core/plugin'
import { runExec } from '../container/exec.js'
import { type ControlConnection, loadBuildKitClient } from '../control/control-connection.js'
import type { SidecarInstance } from './find-sidecar.js'
import { PrivilegeLevelError } from './privilege-selection.js'

/** How the test build reaches the sidecar. */
export interface TestBuildOptions extends OperationOptions {
  readonly execs: ExecManager
  readonly control: ControlConnection
}

/**
 * Builds a Dockerfile with one RUN, once per sidecar: a BuildKit that answers and copies files may be unable to start the
 * process of a step. The image contains only the shell of the sidecar's image and its libraries, so nothing is pulled. Does
 * nothing in a privileged sidecar, where no privilege is missing.
 *
 * @throws PrivilegeLevelError with the last line of the output when the test build fails, HostError OPERATION_FAILED when the
 * shell fails or its output is incomplete, and the other errors of `exec` and of `runBuild`
 */
export async function runTestBuild(
  { id, level }: SidecarInstance,
  { execs, control, signal }: TestBuildOptions,
): Promise<void> {
  if (level.privilege === 'privileged') return
  const { stdout } = await runScript(execs, id, { command: toShellFilesCommand(succeededFile), signal })
  const files = toFiles(stdout)
  if (files === undefined) {
    const reason = 'the output of the shell is incomplete'
    throw createHostError('OPERATION_FAILED', { operation, subject: toSubject(id), status: undefined, reason })
  }
  if (Object.keys(files).length === 0) return
  const context = { files: { ...files, Dockerfile: 'FROM scratch\nCOPY --chmod=755 . /\nRUN :\n' } }
  const request: BuildRequest = { context, output: { type: 'cache-only' } }
  const { runBuild } = await loadBuildKitClient()
  const client = await control.connect({ signal })
  try {
    await runBuild(client, request, { kind: 'daemon', signal, onEvents: () => {} })
  } catch (error) {
    if (!isHostError(error, 'BUILD_FAILED')) throw error
    const { exitCode: status, lastLines } = error.facts
    const facts = { operation, subject: toSubject(id), status, reason: lastLines.at(-1) ?? error.message }
    throw new PrivilegeLevelError('test-build-failed', createHostError('OPERATION_FAILED', facts, { cause: error }))
  }
  await runScript(execs, id, { command: ['sh', '-c', ': >"$1"', 'capstan-test-build-mark', succeededFile], signal })
}

/**
 * Writes the shell that runs this script, as `/bin/sh`, and its libraries to stdout: for each file the path and the size, each on
 * a line, and the content. Writes no files if the marker exists. The last line is `done`.
 */
export function toShellFilesCommand(marker: string): Argv {
  return ['sh', '-c', shellFilesScript, 'capstan-test-build', marker]
}

const shellFilesScript = `[ ! -e "$1" ] || { echo done; exit; }
put() { printf '%s\\n%d\\n' "$2" "$(wc -c <"$1")" && cat "$1"; }
shell=$(readlink -f "/proc/$$/exe") && put "$shell" /bin/sh || exit
for file in $(ldd "$shell" 2>/dev/null | grep -o '/[^ ]*') /lib/ld-musl-*; do [ ! -f "$file" ] || put "$file" "$file" || exit; done
echo done`

/** Reads what {@link toShellFilesCommand} writes. The paths are relative to the root. Returns `undefined` for incomplete output. */
export function toFiles(output: Buffer): Readonly<Record<string, Uint8Array>> | undefined {
  const files: Record<string, Uint8Array> = {}
  let at = 0
  while (output.toString('utf8', at, at + 1) === '/') {
    const endOfPath = output.indexOf('\n', at)
    const begin = output.indexOf('\n', endOfPath + 1) + 1
    const end = begin + Number(output.toString('utf8', endOfPath + 1, begin))
    if (!(end > at && end <= output.length)) return undefined
    files[output.toString('utf8', at + 1, endOfPath)] = output.subarray(begin, end)
    at = end
  }
  return output.toString('utf8', at) === 'done\n' ? files : undefined
}

async function runScript(
  execs: ExecManager,
  id: string,
  options: OperationOptions & { readonly command: Argv },
): Promise<{ readonly stdout: Buffer }> {
  const { exitCode: status, stdout, stderr } = await runExec(execs, id, options)
  if (status === 0) return { stdout }
  const reason = stderr.trim().split('\n').at(-1) || `the shell exited with code ${status}`
  throw createHostError('OPERATION_FAILED', { operation, subject: toSubject(id), status, reason })
}

function toSubject(id: string): string {
  return `BuildKit in container "${id}"`
}

const operation = 'run a step'
/** In the sidecar. Exists after a test build has succeeded there. */
const succeededFile = '/tmp/capstan-test-build-succeeded'
