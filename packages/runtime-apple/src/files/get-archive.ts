import { posix } from 'node:path'
import { type Readable, Transform } from 'node:stream'
import type { ExecProcess, OperationOptions } from '@capstan/core'
import { createHostError, type StreamCall } from '@capstan/core/plugin'
import type { AppleRuntimeContext } from '../apple-runtime-context.js'
import { checkRunning, type GuestScript, startScript, toScriptError } from '../containers/guest-programs.js'
import { statPath } from './stat-path.js'

/**
 * Resolves with a tar archive of a file or directory of a running container. An incomplete stream fails with OPERATION_FAILED.
 * Destroying it kills `tar` in the container.
 */
export async function getArchive(
  context: AppleRuntimeContext,
  id: string,
  path: string,
  options: OperationOptions,
): Promise<Readable> {
  const { signal, abort, end } = context.operations.begin(options.signal)
  const hasCallerSignal = options.signal !== undefined
  const call: StreamCall = { operation: 'getArchive', subject: id, signal, hasCallerSignal }
  try {
    await checkRunning(context, call)
    if ((await statPath(context, path, call)) === undefined)
      throw createHostError('PATH_NOT_FOUND', { id, path, expected: 'path' })
    const { process, readStderr } = await startScript(context, { ...toScript(path), stdin: false }, call)
    const toError = (exitCode: number) => toScriptError(context, { exitCode, stderr: readStderr() }, call)
    signal.throwIfAborted() // the output of a process that was killed during its start does not end
    const archive = process.stdout.pipe(createCheck(process.exitCode, toError))
    const onAbort = () => archive.destroy(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    // A reader gets the error when it reads. Without a listener an error before that would end the process.
    archive.on('error', () => {})
    return archive.once('close', () => {
      signal.removeEventListener('abort', onAbort)
      abort(destroyed)
      end()
    })
  } catch (error) {
    end()
    throw error
  }
}

/**
 * Passes on the output of the script without its end mark, and fails without it. The command stops reading a few seconds after the
 * exit of the program, so that the output for a slow reader may be incomplete although the exit code is 0.
 */
function createCheck(exitCode: ExecProcess['exitCode'], toError: (exitCode: number) => Error): Transform {
  let last: Buffer = Buffer.alloc(0)
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const bytes = last.length === 0 ? chunk : Buffer.concat([last, chunk])
      last = bytes.subarray(-endMark.length)
      done(null, bytes.subarray(0, -endMark.length))
    },
    flush(done) {
      const isComplete = last.toString('latin1') === endMark
      exitCode.then((code) => done(code === 0 && isComplete ? null : toError(code)), done)
    },
  })
}

/** The archive of `/` has the names in it, without the filesystems of the kernel. */
function toScript(path: string): GuestScript {
  return path === '/'
    ? { script: packRoot, words: [] }
    : { script: packPath, words: [posix.dirname(path), posix.basename(path)] }
}

const endMark = '\ncapstan-archive-end\n'
const printEnd = "printf '\\ncapstan-archive-end\\n'"
const packPath = `tar -cf - -C "$1" -- "$2" && ${printEnd}`
const packRoot = `
cd / || exit
for name in * .[!.]* ..?*; do
  case $name in proc | sys | dev) continue ;; esac
  if [ -e "$name" ] || [ -L "$name" ]; then set -- "$@" "$name"; fi
done
tar -cf - -- "$@" && ${printEnd}
`

const destroyed = new Error('the archive was destroyed')
