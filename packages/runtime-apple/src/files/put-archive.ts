import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { readArchive } from '@capstan/build-context'
import { createHostError, linkSignals, type StreamCall } from '@capstan/core/plugin'
import type { AppleRuntimeContext } from '../apple-runtime-context.js'
import { checkRunning, runScript, startScript, toScriptError } from '../containers/guest-programs.js'
import { type PackedEntries, packForGuest } from './guest-archive.js'
import { statPath } from './stat-path.js'

/** Extracts an archive into a directory of a running container by `tar` there. */
export async function putArchive(
  context: AppleRuntimeContext,
  directory: string,
  tar: AsyncIterable<Uint8Array>,
  call: StreamCall,
): Promise<void> {
  await checkRunning(context, call)
  await requireDirectory(context, directory, call)
  const packed: PackedEntries = { links: new Map(), hasOwners: false }
  await extract(context, directory, { tar, packed, call })
  const { links } = packed
  if (links.size === 0) return
  const input = [...links].map(([path, { uid, gid, seconds }]) => `${uid}:${gid} ${seconds} ${path}\n`).join('')
  // Without a limit, as `tar`: the time depends on the number of links.
  const unlimited = { ...call, hasCallerSignal: true }
  const result = await runScript(context, { script: setLinks, words: [directory], input }, unlimited)
  if (result.exitCode !== 0) throw toScriptError(context, result, call)
}

interface Extraction {
  readonly tar: AsyncIterable<Uint8Array>
  readonly packed: PackedEntries
  readonly call: StreamCall
}

async function extract(
  context: AppleRuntimeContext,
  directory: string,
  { tar, packed, call }: Extraction,
): Promise<void> {
  const script = { script: unpack, words: [directory], stdin: true }
  const { process, readStderr } = await startScript(context, script, call)
  const printed = buffer(process.stdout).catch(() => undefined)
  const reading = linkSignals([call.signal])
  let fault: { readonly error: unknown } | undefined
  const source = packForGuest(readArchive(tar, reading), packed)
  async function* watch(): AsyncGenerator<Uint8Array, void> {
    try {
      yield* source
    } catch (error) {
      if (!reading.signal.aborted) fault = { error }
      throw error
    }
  }
  // A `tar` that ends early reads no more input, which its exit code tells.
  const sent = pipeline(Readable.from(watch(), { objectMode: false, highWaterMark }), process.stdin).catch(() => {})
  try {
    const exitCode = await process.exitCode
    const stderr = readStderr()
    reading.abort(ended)
    await sent
    if (fault !== undefined) throw fault.error
    if (exitCode !== 0 || isBusyboxFailure.test(stderr)) throw toScriptError(context, { exitCode, stderr }, call)
    if (packed.hasOwners && (await printed)?.length !== 0) throw createOwnersError(call)
  } finally {
    reading.abort(ended)
    reading.unlink()
  }
}

/** @throws HostError PATH_NOT_FOUND unless the path is a directory or a link to one */
async function requireDirectory(context: AppleRuntimeContext, directory: string, call: StreamCall): Promise<void> {
  const found = await statPath(context, directory, call)
  const target = found?.linkTarget === undefined ? found : await statPath(context, found.linkTarget, call)
  if (target?.type === 'directory') return
  throw createHostError('PATH_NOT_FOUND', { id: call.subject, path: directory, expected: 'directory' })
}

function createOwnersError({ operation, subject }: StreamCall): Error {
  const reason = 'the container lacks the kernel capability CHOWN, which the owners of the archive need'
  return createHostError('OPERATION_FAILED', { operation, subject, status: undefined, reason })
}

/** busybox exits with 0 when it could not create a directory. */
const isBusyboxFailure = /^tar: can't /m

// Prints a line without the kernel capability CHOWN, the lowest bit: busybox then sets no owners and reports no error.
const unpack = `
while read -r name value; do
  case $name$value in CapEff:*[02468ace]) echo no-owners ;; esac
done < /proc/self/status
tar -xpf - -C "$1"
`

// busybox sets no owners and times of links.
const setLinks = `
cd "$1" || exit
while IFS= read -r line; do
  owner=\${line%% *}
  line=\${line#* }
  chown -h "$owner" "./\${line#* }" && touch -h -d "@\${line%% *}" "./\${line#* }" || exit
done
`

const ended = new Error('tar has ended')
/** So that the source is read while earlier chunks are sent. */
const highWaterMark = 512 * 1024
