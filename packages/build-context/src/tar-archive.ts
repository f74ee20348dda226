import { loadCommonJs } from '@capstan/core'
import type { Header, Pack } from 'tar-stream'
import type { ContextEntry } from './context-entry.js'

/** An entry of a context, or a hard link (`link`) to the file that `linkTarget` names. */
export type ArchiveEntry = Omit<ContextEntry, 'type'> & { readonly type: ContextEntry['type'] | 'link' }

/** The bytes of a tar archive, made as they are read. Leaving the loop stops the packing and closes the file. */
export async function* packEntries(
  entries: readonly ArchiveEntry[],
  options: { readonly signal?: AbortSignal | undefined },
): AsyncIterable<Uint8Array> {
  const { pack } = await loadCommonJs(() => import('tar-stream'))
  const archive = pack()
  const fault: { error?: unknown } = {}
  const stop = new AbortController()
  const giveUp = (error: unknown) => {
    fault.error ??= error
    stop.abort()
    archive.destroy()
  }
  const filled = fill({ archive, stop: stop.signal }, entries, options).catch(giveUp)
  try {
    // The types leave open what it gives: bytes, always.
    for await (const block of archive as AsyncIterable<Uint8Array>) yield block
  } catch (error) {
    giveUp(error)
  } finally {
    giveUp(undefined)
    await filled
  }
  if (fault.error !== undefined) throw fault.error
}

/** An archive, and the signal that it was given up. */
interface Target {
  readonly archive: Pack
  readonly stop: AbortSignal
}

async function fill(
  target: Target,
  entries: readonly ArchiveEntry[],
  { signal }: { readonly signal?: AbortSignal | undefined },
): Promise<void> {
  for (const entry of entries) {
    signal?.throwIfAborted()
    if (target.stop.aborted) return
    await addEntry(target, entry)
  }
  target.archive.finalize()
}

/** Settles when the entry is in the archive and its file is closed. */
async function addEntry({ archive, stop }: Target, entry: ArchiveEntry): Promise<void> {
  let written = Promise.resolve()
  await new Promise<void>((resolve, reject) => {
    const sink = archive.entry(toHeader(entry), (error) => (error ? reject(error) : resolve()))
    if (entry.type !== 'file') return
    written = write(entry, sink, stop)
    written.catch(reject)
  }).finally(() => written)
}

async function write(entry: ArchiveEntry, sink: NodeJS.WritableStream, stop: AbortSignal): Promise<void> {
  for await (const block of entry.open()) {
    if (stop.aborted) return
    if (!sink.write(block)) await drained(sink, stop)
  }
  sink.end()
}

/** Resolves when there is room again, or the archive was given up. */
function drained(sink: NodeJS.WritableStream, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      sink.off('drain', settle)
      stop.removeEventListener('abort', settle)
      resolve()
    }
    if (stop.aborted) return resolve()
    sink.on('drain', settle)
    stop.addEventListener('abort', settle)
  })
}

function toHeader({
  path,
  type,
  mode,
  sizeBytes,
  modifiedAt,
  linkTarget,
}: ArchiveEntry): Partial<Header> & { readonly name: string } {
  return {
    name: type === 'directory' ? `${path}/` : path,
    type,
    // The library takes mode 0 for "not given"; the bit of a plain file makes it a number, and does not reach the tar.
    mode: mode | 0o100000,
    size: sizeBytes,
    ...toTimes(modifiedAt),
    ...(linkTarget === undefined ? {} : { linkname: linkTarget }),
  }
}

/** In whole seconds, and none before 1970. The library's header has no room for times after 2038. */
function toTimes(time: Date | undefined): Pick<Partial<Header>, 'mtime' | 'pax'> {
  const seconds = Math.max(Math.floor((time?.getTime() ?? 0) / 1000), 0)
  const mtime = new Date(Math.min(seconds, 0x7fff_ffff) * 1000)
  return seconds > 0x7fff_ffff ? { mtime, pax: { mtime: String(seconds) } } : { mtime }
}
