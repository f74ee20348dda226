import { loadCommonJs } from '@capstan/core/plugin'
import { readAll } from './collect.js'

/** An entry of an archive. Defaults: a file without content, mode 0o644, owned by root, of 2001. */
export interface ArchiveEntry {
  /** With a trailing slash for a directory. */
  readonly name: string
  readonly type?: 'symlink' | 'link'
  readonly target?: string
  readonly content?: string | Buffer
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
}

/** An entry that was read. The name of a directory has no trailing slash. */
export interface ReadEntry {
  readonly name: string
  readonly type: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly target: string
  readonly modifiedAt: Date
  readonly content: Buffer
}

/** Yields a tar archive of the entries. */
export async function* toArchive(...entries: readonly ArchiveEntry[]): AsyncGenerator<Uint8Array, void> {
  const { pack } = await loadCommonJs(() => import('tar-stream'))
  const archive = pack()
  for (const { name, type, target, content = '', mode = 0o644, uid = 0, gid = 0 } of entries) {
    const kind: HeaderType = type ?? (name.endsWith('/') ? 'directory' : 'file')
    // The library truncates the ids of owners to 18 bits. An extended header has them in full.
    const pax = { uid: String(uid), gid: String(gid) }
    const header = { name, type: kind, mode, uid, gid, pax, mtime: archiveTime, ...(target && { linkname: target }) }
    archive.entry(header, content)
  }
  archive.finalize()
  // The type declarations of tar-stream do not say that the chunks are bytes.
  for await (const chunk of archive as AsyncIterable<Uint8Array>) yield chunk
}

/** Reads all entries of an archive. */
export async function readArchive(tar: AsyncIterable<Uint8Array>): Promise<readonly ReadEntry[]> {
  const { extract } = await loadCommonJs(() => import('tar-stream'))
  const archive = extract()
  archive.end(await readAll(tar))
  const entries: ReadEntry[] = []
  for await (const entry of archive) {
    const { name, type, mode = 0, uid, gid, pax, linkname, mtime = new Date(0) } = entry.header
    const extended = new Map<string, unknown>(Object.entries(pax ?? {}))
    const content = await readAll(entry as AsyncIterable<Uint8Array>)
    entries.push({
      name: name.replace(/(?<=.)\/$/, ''),
      type: type ?? 'file',
      mode: mode & 0o7777,
      uid: Number(extended.get('uid') ?? uid),
      gid: Number(extended.get('gid') ?? gid),
      target: linkname ?? '',
      modifiedAt: mtime,
      content,
    })
  }
  return entries
}

type HeaderType = 'file' | 'directory' | NonNullable<ArchiveEntry['type']>

/** The time of all entries of {@link toArchive}. */
export const archiveTime: Date = new Date('2001-09-09T01:46:40Z')
