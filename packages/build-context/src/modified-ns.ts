import type { BigIntStats } from 'node:fs'

/**
 * Returns a modification time that differs from that of another content of the file.
 *
 * The modification time itself does so if the kernel set it, which set the time of the last change then, too, and if a later
 * change cannot have the same time. Otherwise a program has set it, such as tar, npm and `cp -p`. The result then has its whole
 * seconds, with nanoseconds that are derived from the time of the last change, which programs cannot set, the size and the
 * inode. They are below half a second, because archives round.
 */
export function toModifiedNs(
  { mtimeNs, ctimeNs, size, ino }: Pick<BigIntStats, 'mtimeNs' | 'ctimeNs' | 'size' | 'ino'>,
  nowNs: bigint = BigInt(Date.now()) * 1_000_000n,
): bigint {
  const isSettled = nowNs - ctimeNs > (ctimeNs % secondNs === 0n ? coarseNs : fineNs)
  if (mtimeNs === ctimeNs && isSettled) return mtimeNs
  const seconds = mtimeNs - (((mtimeNs % secondNs) + secondNs) % secondNs)
  const parts = ctimeNs * 0x9e3779b97f4a7c15n + size * 0xc2b2ae3d27d4eb4fn + ino * 0x165667b19e3779f9n
  const mixed = isSettled ? parts : parts + nowNs * 0x27d4eb2f165667c5n
  return seconds + ((BigInt.asUintN(64, mixed) >> 20n) % (secondNs / 2n))
}

const secondNs = 1_000_000_000n
/** The kernel's clock for files has steps of up to 10 ms. */
const fineNs = 20_000_000n
/** Times in whole seconds are probably those of a file system with steps of up to two seconds. */
const coarseNs = 2_000_000_000n
