import { once } from 'node:events'
import type { OperationOptions } from '@capstan/core'
import { loadCommonJs } from '@capstan/core/plugin'
import type { Header, Pack } from 'tar-stream'
import { type ArchiveOwner, type PaxRecords, toOwnerFields } from './archive-owner.js'
import type { ContextEntry } from './context-entry.js'

/** An entry of an archive: as of a context, or a hard link (`link`) to the file that `linkTarget` names. Default owner: root. */
export type ArchiveEntry = Omit<ContextEntry, 'type'> &
  Partial<ArchiveOwner> & { readonly type: ContextEntry['type'] | 'link' }

/** Creates the bytes of a tar archive while they are read. Leaving the loop stops the packing and closes the file. */
export async function* packEntries(
  entries: Iterable<ArchiveEntry> | AsyncIterable<ArchiveEntry>,
  options: OperationOptions = {},
): AsyncIterable<Uint8Array> {
  const { pack } = await loadCommonJs(() => import('tar-stream'))
  const archive = pack()
  const fault: { error?: unknown } = {}
  const stop = new AbortController()
  const cancel = (error: unknown) => {
    fault.error ??= error
    stop.abort()
    archive.destroy()
  }
  const filled = fill({ archive, stop: stop.signal }, entries, options).catch(cancel)
  try {
    // The types of the library do not say that the chunks are always bytes.
    for await (const block of archive as AsyncIterable<Uint8Array>) yield block
  } catch (error) {
    cancel(error)
  } finally {
    cancel(undefined)
    await filled
  }
  if (fault.error !== undefined) throw fault.error
}

/** An archive, and the signal that cancels it. */
interface Target {
  readonly archive: Pack
  readonly stop: AbortSignal
}

async function fill(
  target: Target,
  entries: Iterable<ArchiveEntry> | AsyncIterable<ArchiveEntry>,
  { signal }: OperationOptions,
): Promise<void> {
  for await (const entry of entries) {
    signal?.throwIfAborted()
    if (target.stop.aborted) return
    await addEntry(target, entry)
  }
  target.archive.finalize()
}

/** Adds an entry. Settles when its file is closed. */
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
    if (!sink.write(block)) await once(sink, 'drain', { signal: stop }).catch(() => {}) // rejects when the archive is cancelled
  }
  sink.end()
}

function toHeader(entry: ArchiveEntry): Partial<Header> & { readonly name: string } {
  const { path, type, mode, sizeBytes, modifiedAt, linkTarget, uid = 0, gid = 0 } = entry
  const { pax: ownerPax, ...owner } = toOwnerFields({ uid, gid })
  const { pax: timePax, ...time } = toTimes(modifiedAt)
  const pax = { ...ownerPax, ...timePax }
  return {
    name: type === 'directory' ? `${path}/` : path,
    type,
    // The library treats mode 0 as absent. The file type bit avoids that, and is not written to the archive.
    mode: mode | 0o100000,
    size: sizeBytes,
    ...owner,
    ...time,
    ...(Object.keys(pax).length === 0 ? {} : { pax }),
    ...(linkTarget === undefined ? {} : { linkname: linkTarget }),
  }
}

/** Returns whole seconds, not before 1970. Times after 2038 need an extended header. */
function toTimes(time: Date | undefined): { readonly mtime: Date; readonly pax?: PaxRecords } {
  const seconds = Math.max(Math.floor((time?.getTime() ?? 0) / 1000), 0)
  const mtime = new Date(Math.min(seconds, 0x7fff_ffff) * 1000)
  return seconds > 0x7fff_ffff ? { mtime, pax: { mtime: String(seconds) } } : { mtime }
}
