import { createHash } from 'node:crypto'
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { ContextEntry } from '@capstan/build-context'
import type { StatSchema } from '../generated/fsutil_pb.js'

/**
 * Describes entries to BuildKit: all files are owned by root, and a further name of a file is a hard link to its first name.
 *
 * BuildKit takes a file for unchanged when its size, mode and modification time are those of the last transfer.
 */
export async function* toFileStats(
  entries: readonly ContextEntry[],
): AsyncIterable<MessageInitShape<typeof StatSchema>> {
  const firstNames = new Map<string, { readonly linkname: string; readonly modTime: bigint }>()
  for (const entry of entries) {
    const { path, type, fileId, linkTarget = '' } = entry
    const mode = toGoMode(entry)
    const first = fileId === undefined ? undefined : firstNames.get(fileId)
    if (first !== undefined) {
      yield { path, mode, ...first }
      continue
    }
    const modTime = entry.modifiedNs ?? (type === 'file' ? await digestToTime(entry) : 0n)
    const size = type === 'symlink' ? Buffer.byteLength(linkTarget) : entry.sizeBytes
    if (fileId !== undefined) firstNames.set(fileId, { linkname: path, modTime })
    yield { path, mode, size: BigInt(size), modTime, linkname: linkTarget }
  }
}

/** Converts the mode to bits of Go's os.FileMode: https://pkg.go.dev/io/fs#FileMode */
function toGoMode({ type, mode }: ContextEntry): number {
  const special = specialBits.reduce((bits, [unix, go]) => ((mode & unix) === 0 ? bits : bits + go), 0)
  return (mode & 0o777) + special + typeBits[type]
}

/** A file in memory has no time. Nanoseconds from its digest differ when its bytes do; below half a second, because archives round. */
async function digestToTime(entry: ContextEntry): Promise<bigint> {
  const hash = createHash('sha256')
  for await (const block of entry.open()) hash.update(block)
  return hash.digest().readBigUInt64BE() % 500_000_000n
}

const specialBits: readonly (readonly [number, number])[] = [
  [0o4000, 2 ** 23],
  [0o2000, 2 ** 22],
  [0o1000, 2 ** 20],
]
const typeBits = { file: 0, directory: 2 ** 31, symlink: 2 ** 27 }
