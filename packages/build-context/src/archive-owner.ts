import type { Header } from 'tar-stream'

/** The owner of an entry of an archive, by number. */
export interface ArchiveOwner {
  readonly uid: number
  readonly gid: number
}

/** Returns the fields of a header for an owner. The library truncates ids to 18 bits, so greater ones need an extended header. */
export function toOwnerFields({ uid, gid }: ArchiveOwner): ArchiveOwner & { readonly pax?: PaxRecords } {
  return uid <= largestId && gid <= largestId ? { uid, gid } : { uid, gid, pax: { uid: String(uid), gid: String(gid) } }
}

/** Reads the owner of a header, of the extended one if it has it. */
export function readOwner({ uid = 0, gid = 0, pax }: Header): ArchiveOwner {
  const extended = new Map<string, unknown>(Object.entries(pax ?? {}))
  return { uid: Number(extended.get('uid') ?? uid), gid: Number(extended.get('gid') ?? gid) }
}

/** Records of an extended header. */
export type PaxRecords = Readonly<Record<string, string>>

const largestId = 0o777777
