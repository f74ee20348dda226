import { type ArchiveOwner, type ReadEntry, readOwner } from '@capstan/build-context'
import { createHostError } from '@capstan/core/plugin'

/** What `packForGuest` has packed. */
export interface PackedEntries {
  /** The owners and times of symbolic links, by their paths. */
  readonly links: Map<string, ArchiveOwner & { readonly seconds: number }>
  /** Whether an entry has another owner than root. */
  hasOwners: boolean
}

/**
 * Packs entries for any `tar`, that of busybox too, which ignores extended headers: GNU's format, with long names in entries of
 * their own.
 *
 * - A name with `..` is rejected with OPERATION_FAILED, and a leading slash is left out.
 * - The name of a directory ends with `/.`, so that it cannot replace a file.
 * - Directories are repeated at the end, because writing into them changes their times.
 * - Symbolic links whose path has no line break are added to `packed`.
 */
export async function* packForGuest(
  entries: AsyncIterable<ReadEntry>,
  packed: PackedEntries,
): AsyncGenerator<Uint8Array, void> {
  const directories: Uint8Array[] = []
  for await (const { header, content } of entries) {
    const entry = toGuestEntry(header)
    const bytes = packHeader(entry)
    yield bytes
    if (entry.type === types.directory) directories.push(bytes)
    if (entry.owner.uid !== 0 || entry.owner.gid !== 0) packed.hasOwners = true
    packed.links.delete(entry.path)
    if (entry.type === types.symlink && !entry.path.includes('\n'))
      packed.links.set(entry.path, { ...entry.owner, seconds: entry.seconds })
    for await (const chunk of content) if (entry.sizeBytes > 0) yield chunk
    yield Buffer.alloc(toPadding(entry.sizeBytes))
  }
  yield* directories.reverse()
  yield Buffer.alloc(2 * blockBytes)
}

interface GuestEntry extends BlockEntry {
  /** The path in the directory. */
  readonly path: string
}

/** What a header stores. */
interface BlockEntry {
  readonly name: string
  readonly linkName: string
  readonly type: string
  readonly mode: number
  readonly owner: ArchiveOwner
  readonly sizeBytes: number
  readonly seconds: number
  readonly device: readonly [number, number]
}

function toGuestEntry(header: ReadEntry['header']): GuestEntry {
  const { name, linkname, mode = 0o644, mtime, size = 0, devmajor = 0, devminor = 0 } = header
  const kind = header.type ?? 'file'
  const type = types[kind]
  if (type === undefined) throw createEntryError(name, `it is a ${kind}, which cannot be written`)
  const isFile = type === types.file
  const path = toPath(name)
  return {
    path,
    name: type === types.directory ? `${path}/.` : path,
    linkName: type === types.link ? toPath(linkname ?? '') : (linkname ?? ''),
    type,
    mode: mode & 0o7777,
    owner: readOwner(header),
    sizeBytes: isFile ? size : 0,
    seconds: Math.max(Math.floor((mtime?.getTime() ?? 0) / 1000), 0),
    device: [devmajor, devminor],
  }
}

/** Returns a path relative to the directory, `.` for the directory itself. */
function toPath(name: string): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) throw createEntryError(name, 'its name leaves the directory')
  return parts.join('/') || '.'
}

/** https://www.gnu.org/software/tar/manual/html_node/Standard.html */
function packHeader(entry: GuestEntry): Uint8Array {
  const { name, linkName } = entry
  const long = [packLongName('K', linkName), packLongName('L', name)].filter((block) => block !== undefined)
  return Buffer.concat([...long, packBlock(entry)])
}

/** Packs the entry that has the name of the following one. `undefined` for a name that fits into its header. */
function packLongName(type: string, name: string): Uint8Array | undefined {
  const bytes = Buffer.from(`${name}\0`)
  if (bytes.length <= nameBytes + 1) return undefined
  const owner = { uid: 0, gid: 0 }
  const block = { name: '././@LongLink', linkName: '', type, mode: 0, owner, seconds: 0, device: [0, 0] } as const
  const header = packBlock({ ...block, sizeBytes: bytes.length })
  return Buffer.concat([header, bytes, Buffer.alloc(toPadding(bytes.length))])
}

function packBlock({ name, linkName, type, mode, owner, sizeBytes, seconds, device }: BlockEntry): Uint8Array {
  const block = Buffer.alloc(blockBytes)
  block.write(name, 0, nameBytes)
  block.write(linkName, 157, nameBytes)
  const numbers = [
    [mode, 100, 8],
    [owner.uid, 108, 8],
    [owner.gid, 116, 8],
    [sizeBytes, 124, 12],
    [seconds, 136, 12],
    [device[0], 329, 8],
    [device[1], 337, 8],
  ] as const
  for (const [value, at, width] of numbers) writeNumber(block, value, { at, width })
  block.write(type, 156)
  block.write('ustar  \0', 257)
  block.fill(' ', 148, 156) // The sum counts its own field as spaces.
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}

/** Writes octal digits, or, for a number that has too many, its bytes after one with the highest bit. */
function writeNumber(block: Buffer, value: number, { at, width }: { readonly at: number; readonly width: number }) {
  const digits = value.toString(8)
  if (digits.length < width) return block.write(digits.padStart(width - 1, '0'), at)
  block[at] = 0x80
  return block.writeUIntBE(value, at + width - 6, 6)
}

function toPadding(bytes: number): number {
  return (blockBytes - (bytes % blockBytes)) % blockBytes
}

function createEntryError(name: string, reason: string): Error {
  const facts = { operation: 'unpacking', subject: `"${name}" in the archive`, status: undefined, reason }
  return createHostError('OPERATION_FAILED', facts)
}

const blockBytes = 512
/** The greatest number of bytes of a name in a header. */
const nameBytes = 100

const types: Readonly<Record<string, string>> = {
  file: '0',
  'contiguous-file': '0',
  link: '1',
  symlink: '2',
  'character-device': '3',
  'block-device': '4',
  directory: '5',
  fifo: '6',
}
